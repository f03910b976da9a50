/** Seam: what owners told last about their shards, for when they do not answer any more. */
import type { Shard, Time } from "#lib/queue/unit";
import type { Json } from "./bus.ts";

export interface LastSummary {
  readonly at: Time;
  /** As the owner said it: who reads it must check it. */
  readonly summary: Json;
}

export interface Summaries {
  tell(shard: Shard, last: LastSummary): Promise<void>;
  /** What is there of these shards. */
  last(shards: readonly Shard[]): Promise<ReadonlyMap<Shard, LastSummary>>;
}
