/** A name server on loopback, UDP and TCP. */
import type { Endpoint } from "#lib/net/transport";
import { type From, NameServer } from "./name-server.ts";

const prefixBytes = 2;
const triesMax = 20;

export class DnsServer {
  readonly nameServer: NameServer;
  readonly endpoint: Endpoint;
  readonly #sockets: Sockets;

  static async start(): Promise<DnsServer> {
    const nameServer = new NameServer();
    for (let tries = 1; ; tries++) {
      try {
        return new DnsServer(nameServer, await openSockets(nameServer));
      } catch (error) {
        // The port that UDP was given is taken for TCP: another one.
        if (tries === triesMax) throw error;
      }
    }
  }

  private constructor(nameServer: NameServer, sockets: Sockets) {
    this.nameServer = nameServer;
    this.#sockets = sockets;
    this.endpoint = { address: "127.0.0.1", port: sockets.port };
  }

  stop(): void {
    this.#sockets.stop();
  }
}

interface Sockets {
  readonly port: number;
  stop(): void;
}

async function openSockets(nameServer: NameServer): Promise<Sockets> {
  const udp = await Bun.udpSocket({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, bytes, port, address) {
        for (const answer of nameServer.answersTo(bytes, { protocol: "udp", port })) {
          socket.send(answer, port, address);
        }
      },
    },
  });
  try {
    const tcp = Bun.listen<{ received: Buffer }>({
      hostname: "127.0.0.1",
      port: udp.port,
      data: { received: Buffer.alloc(0) },
      socket: {
        open(socket) {
          socket.data = { received: Buffer.alloc(0) };
        },
        data(socket, bytes) {
          const received = Buffer.concat([socket.data.received, bytes]);
          socket.data.received = received;
          if (received.length < prefixBytes) return;
          if (received.length < prefixBytes + received.readUInt16BE(0)) return;
          const from: From = { protocol: "tcp", port: socket.remotePort };
          const answers = nameServer.answersTo(received.subarray(prefixBytes), from);
          // Over TCP nobody else can answer: the last one is the server's own.
          const own = answers.at(-1);
          if (own === undefined) socket.end();
          else socket.write(framed(own));
        },
      },
    });
    const stop = () => {
      udp.close();
      tcp.stop(true);
    };
    return { port: udp.port, stop };
  } catch (error) {
    udp.close();
    throw error;
  }
}

function framed(bytes: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt16BE(bytes.length);
  return Buffer.concat([prefix, bytes]);
}
