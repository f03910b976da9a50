/** Queries over the runtime's sockets. */
import type { Clock } from "../clock.ts";
import type { ConnectionHandler, Endpoint, Transport } from "../net/transport.ts";
import type { Exchange, Exchanged, Waiting } from "./exchange.ts";

export interface SocketExchangePorts {
  readonly clock: Clock;
  readonly transport: Transport;
}

/** RFC 1035 §4.2.2: a message over TCP follows its length, two octets. */
const prefixBytes = 2;

export function socketExchange({ clock, transport }: SocketExchangePorts): Exchange {
  return {
    udp: (server, query, waiting) => {
      return withTimeout(clock, waiting.timeoutMs, (settle) =>
        overUdp(server, query, { isAnswer: waiting.isAnswer, settle }),
      );
    },
    tcp: (server, query, waiting) => {
      return withTimeout(clock, waiting.timeoutMs, (settle) =>
        overTcp({ transport, server, waiting }, query, settle),
      );
    },
  };
}

type Settle = (exchanged: Exchanged) => void;

/** `open` starts the exchange and gives what closes it again. */
async function withTimeout(
  clock: Clock,
  timeoutMs: number,
  open: (settle: Settle) => Promise<() => void>,
): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const cancel = clock.after(timeoutMs, () => resolve(failed("timeout")));
  let close: (() => void) | undefined;
  try {
    close = await open(resolve);
    return await promise;
  } catch (error) {
    return failed(reasonOf(error));
  } finally {
    cancel();
    close?.();
  }
}

/** A connected socket takes datagrams from that server only, and hears when nobody is there. */
async function overUdp(
  server: Endpoint,
  query: Uint8Array,
  { isAnswer, settle }: Pick<Waiting, "isAnswer"> & { readonly settle: Settle },
): Promise<() => void> {
  const socket = await Bun.udpSocket({
    connect: { hostname: server.address, port: server.port },
    socket: {
      data(_, bytes) {
        if (isAnswer(bytes)) settle({ ok: true, bytes: bytes.slice() });
      },
      error(error) {
        settle(failed(reasonOf(error)));
      },
    },
  });
  socket.send(query);
  return () => socket.close();
}

interface OverTcp {
  readonly transport: Transport;
  readonly server: Endpoint;
  readonly waiting: Waiting;
}

async function overTcp(
  { transport, server, waiting }: OverTcp,
  query: Uint8Array,
  settle: Settle,
): Promise<() => void> {
  const handler: ConnectionHandler = new FramedMessage((bytes) => {
    const isAnswer = bytes !== undefined && waiting.isAnswer(bytes);
    settle(isAnswer ? { ok: true, bytes } : failed("connection closed without an answer"));
  });
  const { timeoutMs } = waiting;
  const connection = await transport.connect(server, { timeoutMs }, () => handler);
  const framed = new Uint8Array(prefixBytes + query.length);
  new DataView(framed.buffer).setUint16(0, query.length);
  framed.set(query, prefixBytes);
  connection.write(framed);
  return () => connection.destroy();
}

/** Collects the one message that we wait for. */
class FramedMessage implements ConnectionHandler {
  readonly #done: (bytes: Uint8Array | undefined) => void;
  #received = new Uint8Array(0);

  constructor(done: (bytes: Uint8Array | undefined) => void) {
    this.#done = done;
  }

  data(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#received.length + bytes.length);
    joined.set(this.#received);
    joined.set(bytes, this.#received.length);
    this.#received = joined;
    if (joined.length < prefixBytes) return;
    const end = prefixBytes + new DataView(joined.buffer).getUint16(0);
    if (joined.length >= end) this.#done(joined.slice(prefixBytes, end));
  }

  closed(): void {
    this.#done(undefined);
  }
}

function failed(reason: string): Exchanged {
  return { ok: false, reason };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
