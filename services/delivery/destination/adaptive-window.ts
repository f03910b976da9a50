/**
 * How many sessions a destination is given (ADR 0012): what is sensible, not what is allowed. It
 * starts small and grows by one for each success (slow start) until the first failure; after it by
 * one for each window of successes. A failure takes one away at once, and no second before as many
 * failures as the window is wide (the feedback of Postfix, 1/N with hysteresis).
 */

export interface WindowBounds {
  readonly first: number;
  readonly max: number;
}

export class AdaptiveWindow {
  #bounds: WindowBounds;
  #size: number;
  #isSlowStart = true;
  /** Parts of a window that succeeded, or failed, since its last change. */
  #succeeded = 0;
  #failed = 1;
  /** Of all that ran at once, the part that failed with no success between. */
  #cohort = 0;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
    this.#size = bounds.first;
  }

  /** Somebody failed, and nobody had success since. */
  get isInDoubt(): boolean {
    return this.#cohort > 0;
  }

  get size(): number {
    return Math.min(this.#size, this.#bounds.max);
  }

  /** What was learnt stays, within the new bounds. */
  set bounds(bounds: WindowBounds) {
    const isNew = this.#isSlowStart && this.#size === this.#bounds.first;
    this.#bounds = bounds;
    this.#size = isNew ? bounds.first : Math.min(this.#size, bounds.max);
  }

  succeeded(): void {
    this.#cohort = 0;
    if (this.#size >= this.#bounds.max) return;
    this.#succeeded += this.#isSlowStart ? 1 : 1 / this.#size;
    if (this.#succeeded < 1) return;
    this.#succeeded -= 1;
    this.#size += 1;
  }

  /** True when all of the `running` sessions failed, one after the other: nobody answers there. */
  failed(running: number): boolean {
    this.shrink();
    this.#cohort += 1 / Math.max(1, running);
    // Thirds of a cohort may miss the whole by their last digits.
    return this.#cohort > 0.999;
  }

  /** A failure that says little, since another session had success meanwhile. */
  shrink(): void {
    this.#isSlowStart = false;
    this.#succeeded = 0;
    this.#failed += 1 / this.#size;
    if (this.#failed < 1) return;
    this.#failed = 0;
    this.#size = Math.max(1, this.size - 1);
  }

  /** After a destination was down: one session, until a success. */
  restart(): void {
    this.#size = 1;
    this.#isSlowStart = true;
    this.#succeeded = 0;
    this.#failed = 1;
    this.#cohort = 0;
  }
}
