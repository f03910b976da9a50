/**
 * How many rows go to the store in one call: as many as it takes in a good time. A call has its limit
 * (`storeCallMsMax`), and of one that exceeds it nobody knows what was written: all of it is written
 * again. So a call must stay well below.
 */

/** A call that takes longer is made smaller … */
const longMs = 1_000;
/** … and larger when it takes no more than this. */
const shortMs = 400;

export class BatchSize {
  readonly #max: number;
  readonly #min: number;
  #now: number;

  /** Begins with a quarter of the most: what a store takes is learnt in two calls. */
  constructor(range: { readonly max: number; readonly min: number }) {
    this.#max = range.max;
    this.#min = range.min;
    this.#now = Math.max(range.min, Math.floor(range.max / 4));
  }

  get now(): number {
    return this.#now;
  }

  /** A call of so many rows was done in so long. */
  succeeded(rows: number, durationMs: number): void {
    if (durationMs > longMs) this.#set(Math.floor((rows * longMs) / durationMs));
    else if (durationMs <= shortMs && rows >= this.#now) this.#set(this.#now * 2);
  }

  failed(): void {
    this.#set(Math.floor(this.#now / 4));
  }

  #set(rows: number): void {
    this.#now = Math.min(this.#max, Math.max(this.#min, rows));
  }
}
