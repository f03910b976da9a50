/**
 * The value of a limit as its holders tell it. While a change goes round they differ: the smallest
 * binds, and a larger one does when nobody has told a smaller for as long as a share is counted.
 */
import { shareCountedMs } from "#lib/limits/share";

export class ToldLimit {
  #value: number;
  /** When it, or a smaller one, was told last. */
  #toldAt: number;

  constructor(value: number, now: number) {
    this.#value = value;
    this.#toldAt = now;
  }

  get value(): number {
    return this.#value;
  }

  /** What it is, now that somebody has told `told`. */
  heard(told: number, now: number): number {
    if (told <= this.#value || now - this.#toldAt >= shareCountedMs) {
      this.#value = told;
      this.#toldAt = now;
    }
    return this.#value;
  }
}
