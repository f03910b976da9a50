/**
 * Many coarse deadlines for one timer: setting one costs an assignment.
 * Fires up to `tickMs` late, which no SMTP timeout minds.
 */
import { assert } from "./assert.ts";
import type { CancelTimer, Clock } from "./clock.ts";

export interface HasDeadline {
  /** On the monotonic clock; `Infinity`: none. */
  deadline: number;
  /** Called once per expiry, after `deadline` was set to Infinity. */
  expired(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #watched = new Set<HasDeadline>();
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock, tickMs = 1_000) {
    assert(tickMs > 0, "a tick must take time");
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#watched.size;
  }

  watch(item: HasDeadline): void {
    this.#watched.add(item);
    this.#cancel ??= this.#clock.after(this.#tickMs, () => this.#tick());
  }

  /** Idempotent. The timer stops by itself when nothing is watched. */
  forget(item: HasDeadline): void {
    this.#watched.delete(item);
    if (this.#watched.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #tick(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    for (const item of this.#watched) {
      if (item.deadline > now) continue;
      item.deadline = Number.POSITIVE_INFINITY;
      item.expired();
    }
    if (this.#watched.size > 0) {
      this.#cancel ??= this.#clock.after(this.#tickMs, () => this.#tick());
    }
  }
}
