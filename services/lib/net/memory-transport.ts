/**
 * A network in memory on a `Clock`: hosts with one address each, latency, and everything that
 * breaks.
 */

import type { Clock } from "../clock.ts";
import { connectReason } from "./connect-reason.ts";
import { MemoryConnection, type Wire } from "./memory-connection.ts";
import {
  ConnectFailed,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Transport,
} from "./transport.ts";

type Accept = (connection: Connection) => ConnectionHandler;
type Latency = (from: string, to: string) => number;

const firstEphemeralPort = 49_152;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const wildcard: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #latencyMs: Latency;
  readonly #listeners = new Map<string, Accept>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #refusing = new Set<string>();
  readonly #blackholes = new Set<string>();
  readonly #wire: Wire;
  #nextPort = firstEphemeralPort;

  /** `latencyMs` is asked for every segment, so it may change its mind. */
  constructor(clock: Clock, options: { readonly latencyMs?: Latency } = {}) {
    this.#clock = clock;
    this.#latencyMs = options.latencyMs ?? (() => 0);
    this.#wire = {
      clock,
      latencyMs: this.#latencyMs,
      isCut: (from, to) => this.#blackholes.has(from) || this.#blackholes.has(to),
      gone: (connection) => this.#connections.delete(connection),
    };
  }

  /** Sockets as the host at `address` has them. */
  transport(address: string): Transport {
    return {
      listen: async (at, accept) => this.#listen(address, at, accept),
      connect: (to, options, handler) => {
        const from = options.localAddress ?? address;
        const host = loopback.has(to.address) ? address : to.address;
        return this.#connect({ from, to: { address: host, port: to.port }, ...options, handler });
      },
    };
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return Math.ceil(this.#connections.size / 2);
  }

  /** New connections to the host are refused. */
  refuse(address: string): void {
    this.#refusing.add(address);
  }

  /** Takes `refuse` and `blackhole` back; what was under way arrives now. */
  accept(address: string): void {
    this.#refusing.delete(address);
    this.#blackholes.delete(address);
    for (const connection of this.#connections) {
      if (touches(connection, address)) this.#clock.after(0, () => connection.pump());
    }
  }

  /** Nothing reaches the host or comes from it, and nobody is told. */
  blackhole(address: string): void {
    this.#blackholes.add(address);
  }

  /** All connections of the host break, at both ends. */
  cutHost(address: string): void {
    for (const connection of [...this.#connections]) {
      if (!touches(connection, address)) continue;
      connection.break(new Error("ECONNRESET: connection reset by the network"));
    }
  }

  /** The host's process is gone: `cutHost`, and it listens no more. */
  crashHost(address: string): void {
    this.cutHost(address);
    for (const at of [...this.#listeners.keys()]) {
      if (at.startsWith(`${address} `)) this.#listeners.delete(at);
    }
  }

  #listen(address: string, at: Endpoint, accept: Accept): Listener {
    const isOwn = at.address === address || wildcard.has(at.address) || loopback.has(at.address);
    if (!isOwn) throw new Error(`Cannot listen at "${at.address}": EADDRNOTAVAIL`);
    const local = { address, port: at.port === 0 ? this.#nextPort++ : at.port };
    const place = placeOf(local);
    if (this.#listeners.has(place)) {
      throw new Error(`Cannot listen at "${address}" port ${local.port}: EADDRINUSE`);
    }
    this.#listeners.set(place, accept);
    return {
      local,
      stop: async () => {
        if (this.#listeners.get(place) === accept) this.#listeners.delete(place);
      },
    };
  }

  #connect(wanted: Wanted): Promise<Connection> {
    const { from, to, timeoutMs } = wanted;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const fail = (why: string) => {
        isOver = true;
        cancel();
        const where = `${to.address} port ${to.port}`;
        reject(new ConnectFailed(`cannot connect to ${where}: ${connectReason(why)}`));
      };
      const cancel = this.#clock.after(timeoutMs, () => fail("ETIMEDOUT"));
      // The same moment is too late, and the listener must not see a connection nobody has.
      if (2 * this.#latencyMs(from, to.address) >= Math.max(timeoutMs, 1)) return;
      this.#clock.after(this.#latencyMs(from, to.address), () => {
        if (this.#wire.isCut(from, to.address)) return;
        this.#reach(wanted, {
          fail,
          connected: (connection) => {
            cancel();
            if (isOver) return false;
            resolve(connection);
            return true;
          },
        });
      });
    });
  }

  /** At the listener's host, one latency after connect(); the answer takes another. */
  #reach(wanted: Wanted, answer: Answer): void {
    const { from, to, handler } = wanted;
    const backMs = this.#latencyMs(to.address, from);
    const accept = this.#refusing.has(to.address) ? undefined : this.#listeners.get(placeOf(to));
    if (accept === undefined) {
      this.#clock.after(backMs, () => answer.fail("ECONNREFUSED"));
      return;
    }
    const local = { address: from, port: this.#nextPort++ };
    const client = new MemoryConnection(this.#wire, local, to);
    const server = new MemoryConnection(this.#wire, to, local);
    MemoryConnection.join(client, server);
    this.#connections.add(client).add(server);
    // Before the listener can send: what it sends at once must find the client's handler.
    this.#clock.after(backMs, () => {
      if (answer.connected(client)) attach(client, handler);
      else client.destroy();
    });
    attach(server, accept);
  }
}

interface Wanted {
  readonly from: string;
  readonly to: Endpoint;
  readonly timeoutMs: number;
  readonly handler: Accept;
}

interface Answer {
  readonly fail: (why: string) => void;
  /** False when the client has given up meanwhile. */
  readonly connected: (connection: Connection) => boolean;
}

function attach(connection: MemoryConnection, accept: Accept): void {
  try {
    connection.attach(accept(connection));
  } catch (error) {
    connection.destroyFor(error);
  }
}

function placeOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}

function touches(connection: MemoryConnection, address: string): boolean {
  return connection.local.address === address || connection.remote.address === address;
}
