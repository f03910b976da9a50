/**
 * How many rows go to the store in one call: many while it takes them, fewer while it does not. A
 * call has its time; of a store that is slow a large one would never be done in it, nor in the next.
 */
export class BatchSize {
  readonly #max: number;
  readonly #min: number;
  #now: number;

  constructor(range: { readonly max: number; readonly min: number }) {
    this.#max = range.max;
    this.#min = range.min;
    this.#now = range.max;
  }

  get now(): number {
    return this.#now;
  }

  succeeded(): void {
    this.#now = Math.min(this.#max, this.#now * 2);
  }

  failed(): void {
    this.#now = Math.max(this.#min, Math.floor(this.#now / 2));
  }
}
