/**
 * Requests to the cluster: so many at a time, repeated when a node fails, and none begun when the
 * call that they belong to has taken too long.
 */
import type { Client, QueryOptions, types } from "cassandra-driver";
import type { Clock } from "#lib/clock";
import { StoreUnavailable, storeCallMsMax } from "#lib/store/store";
import { Turns } from "#lib/turns";
import { isWorthRepeating, reasonOf } from "./failure.ts";

/** More than the cluster can do at once only wait there, and time out. */
export const requestsMax = 256;
const triesMax = 3;
/** A batch is of one partition. The server warns at 5 KiB, and fails at 50. */
export const batchRowsMax = 50;

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

/** Statements about one partition. */
export interface PartitionWrite {
  readonly statements: readonly Statement[];
  /** Orders what is written to the same row, whatever the clocks say; absent where rows never change. */
  readonly stamp?: number;
}

/** How long a call may still begin requests. */
export class CallTime {
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** @throws {StoreUnavailable} */
  mustBegin(): void {
    if (this.#clock.monotonic() - this.#startedAt <= storeCallMsMax) return;
    throw new StoreUnavailable("Cannot use the store: the call took too long");
  }
}

/** The client as long as there is one. */
export interface Connected {
  /** @throws {StoreUnavailable} */
  readonly client: Pick<Client, "execute" | "batch">;
}

/** Told of each try: what the cluster took for it, and whether it was done. */
export type Tried = (durationMs: number, isDone: boolean) => void;

export class Requests {
  readonly #connection: Connected;
  readonly #clock: Clock;
  readonly #tried: Tried;
  readonly #turns = new Turns(requestsMax);

  constructor(connection: Connected, clock: Clock, tried: Tried = () => {}) {
    this.#connection = connection;
    this.#clock = clock;
    this.#tried = tried;
  }

  callTime(): CallTime {
    return new CallTime(this.#clock);
  }

  /** Rows of one page: the statement has a LIMIT, or its partition is small. */
  async read(time: CallTime, statement: Statement): Promise<readonly types.Row[]> {
    return (await this.#execute(time, statement, {})).rows;
  }

  /** All rows, a page at a time. */
  async *pages(
    time: () => CallTime,
    statement: Statement,
    fetchSize: number,
  ): AsyncGenerator<readonly types.Row[], void> {
    let pageState: string | undefined;
    do {
      const page = pageState === undefined ? { fetchSize } : { fetchSize, pageState };
      const result = await this.#execute(time(), statement, page);
      yield result.rows;
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** Resolves when all are done; rejects when one is not, after all have ended. */
  async write(time: CallTime, writes: readonly PartitionWrite[]): Promise<void> {
    const done: Promise<unknown>[] = [];
    for (const { statements, stamp } of writes) {
      const options = stamp === undefined ? {} : { timestamp: stamp };
      for (let at = 0; at < statements.length; at += batchRowsMax) {
        done.push(this.#writeBatch(time, statements.slice(at, at + batchRowsMax), options));
      }
    }
    const failed = (await Promise.allSettled(done)).find((it) => it.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #writeBatch(time: CallTime, statements: readonly Statement[], options: QueryOptions) {
    const [only] = statements;
    if (statements.length === 1 && only !== undefined) return this.#execute(time, only, options);
    const queries = statements.map(({ query, params }) => ({ query, params: [...params] }));
    return this.#repeat(time, () =>
      this.#connection.client.batch(queries, { ...options, logged: false }),
    );
  }

  #execute(time: CallTime, { query, params }: Statement, options: QueryOptions) {
    return this.#repeat(time, () => this.#connection.client.execute(query, [...params], options));
  }

  #repeat<T>(time: CallTime, request: () => Promise<T>): Promise<T> {
    return this.#turns.run(1, async () => {
      for (let tries = 1; ; tries++) {
        time.mustBegin();
        const startedAt = this.#clock.monotonic();
        try {
          const result = await request();
          this.#tried(this.#clock.monotonic() - startedAt, true);
          return result;
        } catch (error) {
          this.#tried(this.#clock.monotonic() - startedAt, false);
          if (tries === triesMax || !isWorthRepeating(error)) throw unavailable(error);
        }
      }
    });
  }
}

function unavailable(cause: unknown): StoreUnavailable {
  if (cause instanceof StoreUnavailable) return cause;
  return new StoreUnavailable(`Cannot use the store: ${reasonOf(cause)}`, { cause });
}
