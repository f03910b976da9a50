/** Writes that are repeated until they are known to be done, as long as the shard is surely ours. */
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import type { Tenure } from "../tenure.ts";
import { Tries } from "./tries.ts";

export interface PersistentWritesPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly storeRetryMs: number;
  readonly tenure: Tenure;
  /** No longer the owner: stop repeating. */
  readonly isOver: () => boolean;
}

/** Writes of one kind and one shard at once; far more than a store needs to be busy. */
const triesMax = 256;

/** Writes of one kind: what one of them meets, the others will. */
interface Kind {
  readonly tries: Tries;
  /** Since when none has succeeded, on the monotonic clock. */
  failingSince: number | undefined;
  isTold: boolean;
}

export class PersistentWrites {
  readonly #ports: PersistentWritesPorts;
  readonly #kinds = new Map<string, Kind>();
  #running = 0;
  #unfinished = 0;
  #quietWaiters: (() => void)[] = [];

  constructor(ports: PersistentWritesPorts) {
    this.#ports = ports;
  }

  /** Writes that are not known to be done. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Something is away: writes of one kind fail. */
  get isFailing(): boolean {
    return [...this.#kinds.values()].some(({ failingSince }) => failingSince !== undefined);
  }

  /** Resolves with what the write gives; never, when the shard was lost meanwhile. */
  async persist<T>(what: string, write: () => Promise<T>): Promise<T> {
    const { clock, storeRetryMs, tenure, isOver } = this.#ports;
    const kind = this.#kindOf(what);
    this.#unfinished += 1;
    while (!isOver()) {
      if (tenure.isSure) {
        const written = await this.#inTurn(what, kind, write);
        if (written !== undefined && !isOver()) {
          this.#unfinished -= 1;
          return written.result;
        }
      } else await clock.sleep(storeRetryMs);
    }
    // Whoever owns the shard now finds the unit as it was: never settle it from here.
    return new Promise<never>(() => {});
  }

  /** Resolves when no write is under way. */
  quiet(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#quietWaiters.push(resolve);
    });
  }

  #kindOf(what: string): Kind {
    let kind = this.#kinds.get(what);
    if (kind === undefined) {
      kind = { tries: new Tries(triesMax), failingSince: undefined, isTold: false };
      this.#kinds.set(what, kind);
    }
    return kind;
  }

  /** Undefined when it was not done as far as is known. Whoever fails keeps its turn for a while. */
  async #inTurn<T>(
    what: string,
    kind: Kind,
    write: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    const { clock, storeRetryMs, tenure, isOver } = this.#ports;
    const { tries } = kind;
    await tries.begin();
    try {
      // It may have waited for its turn for a long time.
      if (isOver() || !tenure.isSure) return undefined;
      const written = await this.#once(what, kind, write);
      if (written === undefined && !isOver()) await clock.sleep(storeRetryMs);
      return written;
    } finally {
      tries.end();
    }
  }

  /** Undefined when it failed: whether it was done is not known. */
  async #once<T>(
    what: string,
    kind: Kind,
    write: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    this.#running += 1;
    try {
      const result = await write();
      this.#succeeded(what, kind);
      return { result };
    } catch (error) {
      this.#failed(what, kind, error);
      return undefined;
    } finally {
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#quietWaiters.splice(0)) wake();
    }
  }

  #succeeded(what: string, kind: Kind): void {
    const { clock, log } = this.#ports;
    kind.tries.succeeded();
    if (kind.failingSince === undefined) return;
    const failedMs = Math.round(clock.monotonic() - kind.failingSince);
    kind.failingSince = undefined;
    if (!kind.isTold) return;
    kind.isTold = false;
    log.info("settlement_goes_on", { what, failed_ms: failedMs, waiting: this.#unfinished - 1 });
  }

  #failed(what: string, kind: Kind, error: unknown): void {
    const { clock, log, storeRetryMs } = this.#ports;
    const now = clock.monotonic();
    kind.tries.failed();
    kind.failingSince ??= now;
    // One that is done at the next try is no news, and thousands that wait for the same are one.
    const isNews = !kind.isTold && now - kind.failingSince >= storeRetryMs;
    const fields = { what, error: String(error) };
    if (isNews) log.error("settlement_waits", fields);
    else log.debug("settlement_waits", fields);
    kind.isTold ||= isNews;
  }
}
