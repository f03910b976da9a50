/** How long each destination went without mail, while mail for it was sent all the time. */
export class Silences {
  readonly #lastAt = new Map<string, number>();
  #longestMs = 0;

  /** In milliseconds, on a clock that never steps. */
  heard(destination: string, now: number): void {
    const before = this.#lastAt.get(destination);
    this.#lastAt.set(destination, now);
    if (before !== undefined) this.#longestMs = Math.max(this.#longestMs, now - before);
  }

  /** Between two messages of one destination; what may still come is not in it. */
  get longestMs(): number {
    return this.#longestMs;
  }

  restart(): void {
    this.#lastAt.clear();
    this.#longestMs = 0;
  }
}
