/**
 * The sequence of a log up to which everything is settled, while entries are settled in any order.
 */
import { assert } from "#lib/assert";

/** Short lists are left as they are. */
const weedMin = 1_024;

export class FloorTracker {
  /** Read and covered by `through`, in order; the settled ones are weeded out in time. */
  #covered: number[] = [];
  #head = 0;
  /** Read beyond `through`, in any order, for one lane may be ahead of another. */
  readonly #ahead = new Set<number>();
  readonly #unsettled = new Set<number>();
  #floor: number;
  #through: number;

  constructor(floor: number) {
    this.#floor = floor;
    this.#through = floor;
  }

  /** Everything up to here is settled. Never falls. */
  get floor(): number {
    return this.#floor;
  }

  get unsettledCount(): number {
    return this.#unsettled.size;
  }

  /** In proportion to the unsettled ones, however many were read behind the oldest of them. */
  get rememberedCount(): number {
    return this.#covered.length + this.#ahead.size;
  }

  /** An entry was read; false when it was read before, and is ignored. */
  read(sequence: number): boolean {
    if (sequence <= this.#through || this.#ahead.has(sequence)) return false;
    this.#ahead.add(sequence);
    this.#unsettled.add(sequence);
    return true;
  }

  /** Everything up to here has been read. */
  through(sequence: number): void {
    if (sequence <= this.#through) return;
    this.#through = sequence;
    this.#cover();
    this.#rise();
  }

  /** Idempotent. */
  settled(sequence: number): void {
    if (this.#unsettled.delete(sequence)) this.#rise();
  }

  #cover(): void {
    const covered: number[] = [];
    for (const sequence of this.#ahead) {
      if (sequence > this.#through) continue;
      this.#ahead.delete(sequence);
      if (this.#unsettled.has(sequence)) covered.push(sequence);
    }
    covered.sort((a, b) => a - b);
    for (const sequence of covered) this.#covered.push(sequence);
  }

  /** To just below the oldest that is unsettled; never beyond what has been read. */
  #rise(): void {
    while (this.#head < this.#covered.length && !this.#isUnsettled(this.#head)) this.#head += 1;
    const oldest = this.#covered[this.#head];
    this.#floor = oldest === undefined ? this.#through : Math.max(this.#floor, oldest - 1);
    this.#weed();
    assert(this.#floor <= this.#through, "the floor never passes what was read");
  }

  #isUnsettled(index: number): boolean {
    const sequence = this.#covered[index];
    return sequence !== undefined && this.#unsettled.has(sequence);
  }

  /** At most half of the list is of no more use: each entry costs constant time in the long run. */
  #weed(): void {
    if (this.#covered.length <= 2 * this.#unsettled.size + weedMin) return;
    this.#covered = this.#covered.filter((sequence) => this.#unsettled.has(sequence));
    this.#head = 0;
  }
}
