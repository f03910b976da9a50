/**
 * A connection of a proxy until its header has told whose it is; from then on it is that client's.
 *
 * awaiting → handed on, or refused.
 */
import type { HasDeadline } from "#lib/deadlines";
import { ProxyHeaderReader } from "#lib/net/proxy/proxy-header-reader";
import type { Connection, ConnectionHandler } from "#lib/net/transport";

export interface AwaitingHeaderOptions {
  readonly connection: Connection;
  /** On the monotonic clock. */
  readonly deadline: number;
  /** The client's address, and what came behind the header in the same segment. */
  readonly accept: (clientAddress: string, begun: Uint8Array) => ConnectionHandler;
  readonly refused: (why: string) => void;
  /** Once, when it awaits nothing any more, before `accept` and `refused`. */
  readonly over: (connection: AwaitingHeader) => void;
}

export class AwaitingHeader implements ConnectionHandler, HasDeadline {
  readonly #options: AwaitingHeaderOptions;
  readonly #reader = new ProxyHeaderReader();
  deadline: number;
  #next: ConnectionHandler | undefined;

  constructor(options: AwaitingHeaderOptions) {
    this.#options = options;
    this.deadline = options.deadline;
  }

  expired(): void {
    this.#refuse("none came in time");
  }

  /** The edge stops: nobody has been greeted yet. */
  abandon(): void {
    this.#end();
  }

  data(bytes: Uint8Array): void {
    if (this.#next !== undefined) {
      this.#next.data(bytes);
      return;
    }
    const read = this.#reader.push(bytes);
    if (read === undefined) return;
    if (read.kind === "refused") {
      this.#refuse(read.why);
      return;
    }
    const { connection, accept, over } = this.#options;
    over(this);
    const address = read.source?.address ?? connection.remote.address;
    this.#next = accept(address, bytes.subarray(read.consumed));
  }

  drained(): void {
    this.#next?.drained?.();
  }

  /** Who asks a load balancer's port whether anybody listens says nothing and goes. */
  ended(): void {
    if (this.#next === undefined) this.#end();
    else this.#next.ended?.();
  }

  closed(error?: Error): void {
    if (this.#next === undefined) this.#end();
    else this.#next.closed(error);
  }

  #refuse(why: string): void {
    this.#end();
    this.#options.refused(why);
  }

  #end(): void {
    this.#next = silent;
    this.#options.over(this);
    this.#options.connection.destroy();
  }
}

const silent: ConnectionHandler = { data() {}, ended() {}, closed() {} };
