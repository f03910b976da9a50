/**
 * A client on a real socket that may misbehave: it sends what it is told and waits for what comes.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Endpoint } from "#lib/net/transport";

export class RawPeer {
  #socket: Socket;
  #received = "";
  #isClosed = false;
  #changed: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static connect({ address, port }: Endpoint): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, allowHalfOpen: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawPeer(socket));
      });
    });
  }

  /** Everything received that no `reply` has returned. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(what: string | Uint8Array): void {
    if (!this.#isClosed) this.#socket.write(what);
  }

  /** Sends and resolves when the network took it, or when the connection is gone. */
  async sendAll(what: string | Uint8Array): Promise<void> {
    if (this.#isClosed || this.#socket.write(what)) return;
    await Promise.race([
      new Promise((resolve) => this.#socket.once("drain", resolve)),
      this.closed(),
    ]);
  }

  /** The next whole reply, multi-line or not; what came before the end when the peer closed. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#received);
      if (match !== null) {
        this.#received = this.#received.slice(match[0].length);
        return match[0];
      }
      if (this.#isClosed) return this.#received;
      await this.#change();
    }
  }

  /** Sends a command line and resolves with its reply. */
  say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** Resolves when the peer has closed or reset the connection. */
  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#change();
  }

  /** Sends FIN; what the peer sends is still received. */
  halfClose(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  /** Client side of STARTTLS, or of implicit TLS. */
  startTls(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    return new Promise((resolve, reject) => {
      const secure = connectTls({ socket: plain, rejectUnauthorized: false }, () => {
        secure.off("error", reject);
        this.#socket = secure;
        this.#listen(secure);
        resolve();
      });
      secure.once("error", reject);
    });
  }

  #listen(socket: Socket): void {
    socket.on("data", (bytes) => {
      this.#received += bytes.toString("latin1");
      this.#tell();
    });
    // A reset is one way to close; "close" follows it.
    socket.on("error", () => {});
    socket.on("end", () => {
      this.#isClosed = true;
      socket.end();
      this.#tell();
    });
    socket.on("close", () => {
      this.#isClosed = true;
      this.#tell();
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}
