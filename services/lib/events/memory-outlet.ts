/** Keeps events in memory, the newest of them; and refuses them when told to. */
import { Fifo } from "#lib/queue/fifo";
import type { EventRecord } from "#proto/event-record";
import type { EventBatch, EventOutlet } from "./batching-sink.ts";

const keptMaxDefault = 100_000;

export class MemoryOutlet implements EventOutlet {
  readonly #kept = new Fifo<EventRecord>();
  readonly #keptMax: number;
  /** While it is set, nothing is taken. */
  failure: Error | undefined;

  constructor(keptMax: number = keptMaxDefault) {
    this.#keptMax = keptMax;
  }

  get records(): readonly EventRecord[] {
    return [...this.#kept];
  }

  async write({ records }: EventBatch): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    for (const record of records) this.#kept.push(record);
    while (this.#kept.length > this.#keptMax) this.#kept.shift();
  }

  async close(): Promise<void> {}
}
