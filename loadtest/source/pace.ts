/** Whose turn it is: at once, or at a rate that does not wait for those who are late. */
import type { Clock } from "#lib/clock";

type Turn = (dueAt: number | undefined) => void;

export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number | undefined;
  #startedAt = 0;
  #given = 0;
  #waiting: Turn[] = [];
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(clock: Clock, ratePerSecond: number | undefined) {
    this.#clock = clock;
    this.#intervalMs = ratePerSecond === undefined ? undefined : 1_000 / ratePerSecond;
  }

  start(): void {
    this.#startedAt = this.#clock.monotonic();
  }

  /** Calls `turn` when the next message is due: at once when it is overdue. */
  next(turn: Turn): void {
    if (this.#intervalMs === undefined || this.#isStopped) {
      turn(undefined);
      return;
    }
    this.#waiting.push(turn);
    this.#serve(this.#intervalMs);
  }

  /** The turn was not used: the message is still due. */
  giveBack(): void {
    if (this.#intervalMs === undefined || this.#isStopped) return;
    this.#given -= 1;
    this.#serve(this.#intervalMs);
  }

  /** Those who wait get their turn now, to find out that it is over. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const turn of this.#waiting.splice(0)) turn(undefined);
  }

  #serve(intervalMs: number): void {
    if (this.#cancel !== undefined) return;
    const now = this.#clock.monotonic();
    for (;;) {
      const dueAt = this.#startedAt + this.#given * intervalMs;
      const turn = dueAt <= now ? this.#waiting.shift() : undefined;
      if (turn === undefined) break;
      this.#given += 1;
      turn(dueAt);
    }
    if (this.#waiting.length === 0 || this.#isStopped) return;
    const dueAt = this.#startedAt + this.#given * intervalMs;
    this.#cancel = this.#clock.after(dueAt - now, () => {
      this.#cancel = undefined;
      this.#serve(intervalMs);
    });
  }
}
