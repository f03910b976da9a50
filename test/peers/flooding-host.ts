/** A mail exchanger on a real socket that, from one command on, talks without end as fast as it can. */
import type { Socket } from "bun";
import type { Endpoint } from "#lib/net/transport";

export type FloodFrom = "CONNECT" | "EHLO" | "MAIL" | "RCPT" | "DATA" | "." | "QUIT";

interface Flooding {
  isFlooding: boolean;
  isContent: boolean;
  input: string;
}

const replies: Readonly<Record<string, string>> = {
  CONNECT: "220 flood.example\r\n",
  EHLO: "250 flood.example\r\n",
  MAIL: "250 2.1.0 Ok\r\n",
  RCPT: "250 2.1.5 Ok\r\n",
  DATA: "354 Go on\r\n",
  ".": "250 2.0.0 Ok\r\n",
  QUIT: "221 2.0.0 Bye\r\n",
};
const pieceBytes = 256 * 1024;

export class FloodingHost {
  readonly endpoint: Endpoint;
  /** Octets that the network took of the flood. */
  flooded = 0;
  readonly #stop: () => void;
  readonly #gone = Promise.withResolvers<void>();
  readonly #piece: Uint8Array;
  readonly #from: FloodFrom;

  /** Says `text` again and again in the place of the reply to `from`. */
  constructor(from: FloodFrom, text: string) {
    this.#from = from;
    this.#piece = Buffer.from(text.repeat(Math.ceil(pieceBytes / text.length)));
    const listener = Bun.listen<Flooding>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { isFlooding: false, isContent: false, input: "" };
          this.#say(socket, "CONNECT");
        },
        data: (socket, bytes) => this.#take(socket, bytes),
        drain: (socket) => this.#flood(socket),
        close: () => this.#gone.resolve(),
        error: () => {},
      },
    });
    this.endpoint = { address: "127.0.0.1", port: listener.port };
    this.#stop = () => listener.stop(true);
  }

  /** Resolves when the client has closed its connection. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  stop(): void {
    this.#stop();
  }

  #take(socket: Socket<Flooding>, bytes: Uint8Array): void {
    const { data } = socket;
    data.input += Buffer.from(bytes).toString("latin1");
    for (;;) {
      const end = data.isContent ? "\r\n.\r\n" : "\r\n";
      const at = data.input.indexOf(end);
      if (at === -1 || data.isFlooding) return;
      const verb = data.isContent ? "." : data.input.slice(0, 4).toUpperCase();
      data.input = data.input.slice(at + end.length);
      data.isContent = verb === "DATA";
      this.#say(socket, verb);
    }
  }

  #say(socket: Socket<Flooding>, verb: string): void {
    if (verb === this.#from) {
      socket.data.isFlooding = true;
      this.#flood(socket);
    } else socket.write(replies[verb] ?? "500 5.5.1 What?\r\n");
  }

  /** As much as the network takes; the rest when it takes more. */
  #flood(socket: Socket<Flooding>): void {
    if (!socket.data.isFlooding) return;
    for (;;) {
      const taken = socket.write(this.#piece);
      this.flooded += Math.max(0, taken);
      if (taken < this.#piece.length) return;
    }
  }
}
