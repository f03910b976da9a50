/**
 * From a claimed lease to the exact set of what its earlier owners settled (DESIGN §4).
 * A crashed owner's journal was sealed before the claim: nothing is added to it any more.
 */
import { assert } from "#lib/assert";
import type { JournalMark, Lease } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Journal } from "#lib/stream/journal";
import { LogWentBack, type Stream } from "#lib/stream/stream";

export interface Takeover {
  readonly floor: number;
  /** Sequences above the floor that are settled already. */
  readonly settled: ReadonlySet<number>;
  /** Entries up to here may have been deferred by an owner that died before it recorded it. */
  readonly suspectThrough: number;
  /** Journals to keep in our checkpoints until the floor has passed `settled`. */
  readonly journals: readonly JournalMark[];
  /** For our checkpoints. */
  readonly log?: string;
}

/** @throws {LogWentBack} */
export async function takeOver(
  shard: Shard,
  lease: Lease | undefined,
  from: { readonly journal: Journal; readonly stream: Stream },
): Promise<Takeover> {
  const { journal, stream } = from;
  const floor = lease?.checkpoint?.floor ?? 0;
  const origin = await stream.origin(shard);
  const before = lease?.checkpoint?.log;
  const isAnother = origin !== undefined && before !== undefined && before !== origin.id;
  // Where the numbers go on without a gap, those that are settled are another's by now.
  const goesOn = isAnother && origin.first <= floor + 1;
  const journals = goesOn ? [] : (lease?.checkpoint?.journals ?? []);
  const settled = new Set<number>();
  for (const { writer, position } of journals) {
    for await (const event of journal.replay(writer, shard, position)) {
      assert(event.shard === shard, "a replay tells only of the shard asked for");
      if (event.sequence <= floor) continue;
      settled.add(event.sequence);
      if (event.disposition === "parked") stream.keepContent(shard, event.sequence);
    }
  }
  const end = await stream.end(shard);
  const isAgain = isAnother && origin.first <= floor;
  if (end < floor || isAgain) throw new LogWentBack({ shard, end, floor });
  // What stands in a lease that somebody had until now may be older than what he did.
  const told = lease?.owner === undefined ? lease?.checkpoint?.suspectThrough : undefined;
  const suspectThrough = told ?? end;
  return {
    ...{ floor, settled, suspectThrough, journals: settled.size > 0 ? journals : [] },
    ...(origin === undefined ? undefined : { log: origin.id }),
  };
}
