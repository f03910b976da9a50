/** Which sequences of a log were handed out, in any order: how far there is none missing. */
export class HandedOut {
  readonly #ahead = new Set<number>();
  #through: number;

  constructor(after: number) {
    this.#through = after;
  }

  /** Everything up to here was handed out, or is not there. */
  get through(): number {
    return this.#through;
  }

  /** The first that is missing, while there are others behind it. */
  get missing(): number | undefined {
    return this.#ahead.size === 0 ? undefined : this.#through + 1;
  }

  /** False when it was handed out before. */
  add(sequence: number): boolean {
    if (sequence <= this.#through || this.#ahead.has(sequence)) return false;
    this.#ahead.add(sequence);
    this.#rise();
    return true;
  }

  /** None up to here is there any more. */
  skip(sequence: number): void {
    if (sequence <= this.#through) return;
    for (const n of this.#ahead) if (n <= sequence) this.#ahead.delete(n);
    this.#through = sequence;
    this.#rise();
  }

  #rise(): void {
    while (this.#ahead.delete(this.#through + 1)) this.#through += 1;
  }
}
