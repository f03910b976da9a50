/** Lets so much be done at once, and the rest in turn, first come first served. */
import { assert } from "#lib/assert";
import { Fifo } from "#lib/queue/fifo";

interface Waiting {
  readonly weight: number;
  readonly go: () => void;
}

export class Turns {
  readonly #max: number;
  readonly #waiting = new Fifo<Waiting>();
  #running = 0;

  constructor(max: number) {
    assert(max > 0, "somebody must be able to run");
    this.#max = max;
  }

  /** What weighs more than all that may be done at once is done alone. */
  async run<T>(weight: number, act: () => Promise<T>): Promise<T> {
    const own = Math.min(weight, this.#max);
    if (this.#running + own <= this.#max && this.#waiting.length === 0) this.#running += own;
    else await new Promise<void>((go) => this.#waiting.push({ weight: own, go }));
    try {
      return await act();
    } finally {
      this.#running -= own;
      this.#next();
    }
  }

  #next(): void {
    for (;;) {
      const first = this.#waiting.peek();
      if (first === undefined || this.#running + first.weight > this.#max) return;
      this.#waiting.shift();
      this.#running += first.weight;
      first.go();
    }
  }
}
