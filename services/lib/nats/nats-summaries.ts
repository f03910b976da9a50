/** Summaries in a bucket of NATS, a key a shard: to be had while workers and store are away. */
import { type KV, Kvm } from "@nats-io/kv";
import type { LastSummary, Summaries } from "#lib/leases/summaries";
import type { Shard } from "#lib/queue/unit";
import type { ClusterNames } from "#proto/subjects";
import type { NatsLinks } from "./connection.ts";

export interface NatsSummariesOptions {
  readonly links: Pick<NatsLinks, "consume">;
  readonly names: ClusterNames;
}

export class NatsSummaries implements Summaries {
  readonly #options: NatsSummariesOptions;
  #bucket: Promise<KV> | undefined;

  constructor(options: NatsSummariesOptions) {
    this.#options = options;
  }

  async tell(shard: Shard, last: LastSummary): Promise<void> {
    const bucket = await this.#opened();
    await bucket.put(keyOf(shard), JSON.stringify(last));
  }

  async last(shards: readonly Shard[]): Promise<ReadonlyMap<Shard, LastSummary>> {
    const bucket = await this.#opened();
    const found = new Map<Shard, LastSummary>();
    await Promise.all(
      shards.map(async (shard) => {
        const entry = await bucket.get(keyOf(shard));
        const last = entry?.operation === "PUT" ? readLast(entry.json()) : undefined;
        if (last !== undefined) found.set(shard, last);
      }),
    );
    return found;
  }

  /** Tried again at the next call when it fails. */
  #opened(): Promise<KV> {
    const { links, names } = this.#options;
    this.#bucket ??= new Kvm(links.consume).open(names.buckets.stats).catch((error: unknown) => {
      this.#bucket = undefined;
      throw error;
    });
    return this.#bucket;
  }
}

/** Another version may write it otherwise: then nothing is known. */
function readLast(value: unknown): LastSummary | undefined {
  const { at, summary } = Object(value);
  return typeof at === "number" && summary !== undefined ? { at, summary } : undefined;
}

function keyOf(shard: Shard): string {
  return `shard.${shard}`;
}
