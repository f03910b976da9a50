/** Writes that are repeated until they are known to be done, as long as the shard is surely ours. */
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import type { Tenure } from "../tenure.ts";

export interface PersistentWritesPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly storeRetryMs: number;
  readonly tenure: Tenure;
  /** No longer the owner: stop repeating. */
  readonly isOver: () => boolean;
}

export class PersistentWrites {
  readonly #ports: PersistentWritesPorts;
  #running = 0;
  #quietWaiters: (() => void)[] = [];

  constructor(ports: PersistentWritesPorts) {
    this.#ports = ports;
  }

  /** Resolves with what the write gives; never, when the shard was lost meanwhile. */
  async persist<T>(what: string, write: () => Promise<T>): Promise<T> {
    const { clock, storeRetryMs, tenure, isOver } = this.#ports;
    while (!isOver()) {
      if (tenure.isSure) {
        const written = await this.#once(what, write);
        if (written !== undefined && !isOver()) return written.result;
      }
      if (!isOver()) await clock.sleep(storeRetryMs);
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

  /** Undefined when it failed: whether it was done is not known. */
  async #once<T>(
    what: string,
    write: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    this.#running += 1;
    try {
      return { result: await write() };
    } catch (error) {
      this.#ports.log.error("settlement_waits", { what, error: String(error) });
      return undefined;
    } finally {
      this.#running -= 1;
      if (this.#running === 0) for (const wake of this.#quietWaiters.splice(0)) wake();
    }
  }
}
