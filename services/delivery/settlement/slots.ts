/** Lets a bounded number of tasks run at once; the others wait in order. */
import { assert } from "#lib/assert";
import { Fifo } from "#lib/queue/fifo";

export class Slots {
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  constructor(max: number) {
    assert(max > 0, "somebody must be able to run");
    this.#free = max;
  }

  get free(): number {
    return this.#free;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await task();
    } finally {
      this.#giveBack();
    }
  }

  #take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** To the next in line, before anybody new can come. */
  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
