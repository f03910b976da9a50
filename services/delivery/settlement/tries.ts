/**
 * How many tries run at once: many while they succeed, down to one while they fail. What is away must
 * not be asked by everybody who waits for it, nor all at once when it is back; and one write that
 * always fails must not hold up the others.
 */
import { Fifo } from "#lib/queue/fifo";

export class Tries {
  readonly #max: number;
  readonly #waiting = new Fifo<() => void>();
  #width: number;
  #running = 0;

  constructor(max: number) {
    this.#max = max;
    this.#width = max;
  }

  /** Those that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get width(): number {
    return this.#width;
  }

  /** Resolves when it is one's turn, in order. */
  async begin(): Promise<void> {
    if (this.#running >= this.#width) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
      return;
    }
    this.#running += 1;
  }

  succeeded(): void {
    this.#width = Math.min(this.#max, this.#width * 2);
  }

  failed(): void {
    this.#width = Math.max(1, Math.floor(this.#width / 2));
  }

  end(): void {
    this.#running -= 1;
    while (this.#running < this.#width) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running += 1;
      next();
    }
  }
}
