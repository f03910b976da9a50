import { describe, expect, test } from "bun:test";
import type { Epoch } from "#lib/leases/leases";
import type { UnitEvent } from "#lib/queue/event";
import { queueIdOf } from "#lib/queue/unit";
import { MemoryLog } from "#lib/stream/memory";
import { LogWentBack } from "#lib/stream/stream";
import { VirtualClock } from "#lib/virtual-clock";
import { failureOf } from "../../../test/support/failure.ts";
import { nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { takeOver } from "./takeover.ts";

const [first, second] = [incarnation("a/1"), incarnation("b/1")];

function settledEvent(sequence: number, inShard = shardOfTests): UnitEvent {
  const { uid, destination } = unitOf({ uid: nthUid(sequence) });
  const done = { disposition: "delivered", recipients: [], attempt: 1 } as const;
  return { at: 1, shard: inShard, sequence, uid, destination, ...done };
}

async function setUp(entries: number) {
  const log = new MemoryLog({ clock: new VirtualClock(), shards: 1 });
  for (let n = 1; n <= entries; n++) {
    const unit = unitOf({ uid: nthUid(n) });
    const content = new Uint8Array(1);
    const id = queueIdOf(unit.uid);
    await log.intake().accept({ id, units: [unit], content, isRepeatable: false });
  }
  return { journal: log.journal(), stream: log.stream() };
}

const epoch = 1 as Epoch;

describe("takeOver()", () => {
  test("of a shard that nobody ever had", async () => {
    const from = await setUp(0);
    expect(await takeOver(shardOfTests, undefined, from)).toEqual({
      floor: 0,
      settled: new Set(),
      suspectThrough: 0,
      journals: [],
    });
  });

  test("finds exactly what is settled above the floor, in all journals that matter", async () => {
    const from = await setUp(6);
    await from.journal.append(first, [settledEvent(1), settledEvent(4)]);
    const behind = await from.journal.append(first, [settledEvent(2)]);
    await from.journal.append(first, [settledEvent(5), settledEvent(3, shard(1))]);
    await from.journal.append(second, [settledEvent(6), settledEvent(0)]);
    const journals = [
      { writer: first, position: behind },
      { writer: second, position: 0 },
    ];
    const lease = { owner: second, epoch, checkpoint: { floor: 3, journals } };
    const takeover = await takeOver(shardOfTests, lease, from);
    expect(takeover.floor).toBe(3);
    expect([...takeover.settled].sort()).toEqual([5, 6]);
    expect(takeover.journals).toEqual(journals);
  });

  test("what an earlier owner parked keeps its content", async () => {
    const from = await setUp(3);
    const parked = { ...settledEvent(2), disposition: "parked" } as const;
    await from.journal.append(first, [settledEvent(1), parked, settledEvent(3)]);
    const kept: number[] = [];
    const keepContent = (_: unknown, sequence: number) => void kept.push(sequence);
    const journals = [{ writer: first, position: 0 }];
    const lease = { owner: second, epoch, checkpoint: { floor: 0, journals } };
    await takeOver(shardOfTests, lease, { ...from, stream: { ...from.stream, keepContent } });
    expect(kept).toEqual([2]);
  });

  test("everything up to the end of the log may have been deferred before", async () => {
    const from = await setUp(4);
    const takeover = await takeOver(shardOfTests, { epoch }, from);
    expect(takeover.suspectThrough).toBe(4);
  });

  test("behind an orderly release only what its owner still suspected is suspect", async () => {
    const from = await setUp(4);
    const checkpoint = { floor: 1, journals: [], suspectThrough: 2 };
    const released = await takeOver(shardOfTests, { epoch, checkpoint }, from);
    expect(released.suspectThrough).toBe(2);
    // Somebody had it since: what he did is not told there.
    const had = await takeOver(shardOfTests, { epoch, owner: first, checkpoint }, from);
    expect(had.suspectThrough).toBe(4);
  });

  test("journals that tell nothing above the floor are forgotten", async () => {
    const from = await setUp(2);
    await from.journal.append(first, [settledEvent(1)]);
    const checkpoint = { floor: 1, journals: [{ writer: first, position: 0 }] };
    const takeover = await takeOver(shardOfTests, { epoch, checkpoint }, from);
    expect(takeover.journals).toEqual([]);
  });

  test("a log that ends before the floor is not the one that was read: it is refused", async () => {
    const from = await setUp(4);
    const checkpoint = { floor: 5, journals: [], suspectThrough: 5 };
    const failure = await failureOf(takeOver(shardOfTests, { epoch, checkpoint }, from));
    expect(failure).toBeInstanceOf(LogWentBack);
    expect(String(failure)).toContain("ends at 4 and is not the one");
    const upTo = await takeOver(
      shardOfTests,
      { epoch, checkpoint: { ...checkpoint, floor: 4 } },
      from,
    );
    expect(upTo.floor).toBe(4);
  });

  test("nor is one with another origin, unless all its numbers are new", async () => {
    const from = await setUp(4);
    await from.journal.append(first, [settledEvent(4)]);
    const journals = [{ writer: first, position: 0 }];
    const checkpoint = { floor: 3, journals, log: "before" };
    const taken = (id: string, firstOne: number) => {
      const origin = async () => ({ id, first: firstOne });
      return takeOver(
        shardOfTests,
        { epoch, checkpoint },
        { ...from, stream: { ...from.stream, origin } },
      );
    };
    const same = await taken("before", 1);
    expect({ log: same.log, settled: [...same.settled] }).toEqual({ log: "before", settled: [4] });
    expect(await failureOf(taken("other", 3))).toBeInstanceOf(LogWentBack);
    // What was settled under number 4 was another unit.
    const fresh = await taken("other", 4);
    expect({ log: fresh.log, settled: [...fresh.settled] }).toEqual({ log: "other", settled: [] });
    // Behind a gap nothing is mistaken, and what was delivered of it already is known.
    const apart = await taken("other", 5);
    expect({ log: apart.log, settled: [...apart.settled] }).toEqual({ log: "other", settled: [4] });
  });
});
