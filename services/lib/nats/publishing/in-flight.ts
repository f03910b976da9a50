/** How much may be on its way at once, by count and bytes; the others wait in order. */
import { assert } from "#lib/assert";
import { Fifo } from "#lib/queue/fifo";

export interface InFlightLimit {
  readonly countMax: number;
  readonly bytesMax: number;
}

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

export class InFlight {
  readonly #limit: InFlightLimit;
  readonly #waiting = new Fifo<Waiting>();
  #first: Waiting | undefined;
  #count = 0;
  #bytes = 0;

  constructor(limit: InFlightLimit) {
    assert(limit.countMax > 0, "somebody must be able to start");
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Runs `task` when there is room for so many bytes; one that is larger than all room runs alone. */
  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    if (this.#first !== undefined || !this.#hasRoom(bytes)) {
      await new Promise<void>((start) => this.#wait({ bytes, start }));
    } else this.#enter(bytes);
    try {
      return await task();
    } finally {
      this.#count -= 1;
      this.#bytes -= bytes;
      this.#admit();
    }
  }

  #wait(waiting: Waiting): void {
    if (this.#first === undefined) this.#first = waiting;
    else this.#waiting.push(waiting);
  }

  #admit(): void {
    while (this.#first !== undefined && this.#hasRoom(this.#first.bytes)) {
      const { bytes, start } = this.#first;
      this.#first = this.#waiting.shift();
      this.#enter(bytes);
      start();
    }
  }

  #enter(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
  }

  #hasRoom(bytes: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#limit.countMax && this.#bytes + bytes <= this.#limit.bytesMax;
  }
}
