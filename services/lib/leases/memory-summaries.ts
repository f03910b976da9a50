/** The memory inhabitant of Summaries. */
import type { Shard } from "#lib/queue/unit";
import type { LastSummary, Summaries } from "./summaries.ts";

export class MemorySummaries implements Summaries {
  readonly #last = new Map<Shard, LastSummary>();

  async tell(shard: Shard, last: LastSummary): Promise<void> {
    this.#last.set(shard, last);
  }

  async last(shards: readonly Shard[]): Promise<ReadonlyMap<Shard, LastSummary>> {
    return new Map([...this.#last].filter(([shard]) => shards.includes(shard)));
  }
}
