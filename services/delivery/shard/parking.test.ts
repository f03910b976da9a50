import { describe, expect, test } from "bun:test";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import type { Stream } from "#lib/stream/stream";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { incarnation } from "../../../test/support/records.ts";
import { noMetrics } from "../metrics.ts";
import type { Settlement } from "../settlement/settlement.ts";
import { JournalWriter } from "./journal-writer.ts";
import { Parking } from "./parking.ts";
import { ShardProgress } from "./progress.ts";
import { fromLog } from "./queued-unit.ts";

class Bench {
  readonly clock = new VirtualClock();
  readonly log = new MemoryLog({ clock: this.clock, shards: 1 });
  readonly store = new MemoryStore({ clock: this.clock });
  readonly kept: number[] = [];
  readonly left: string[] = [];
  readonly parking: Parking;
  again = 0;

  constructor(contentForSure: Stream["contentForSure"]) {
    const { clock, log, store } = this;
    const keepContent = (_: unknown, sequence: number) => void this.kept.push(sequence);
    this.parking = new Parking({
      shard: shardOfTests,
      store,
      stream: { ...log.stream(), contentForSure, keepContent },
      clock,
      log: silentLog,
      metrics: noMetrics,
      writer: new JournalWriter({
        journal: log.journal(),
        writer: incarnation("w/1"),
        clock,
        log: silentLog,
        retryMs: 1_000,
        onSealed: () => {},
        pause: () => {},
      }),
      progress: new ShardProgress(0),
      storeRetryMs: 1_000,
      isOver: () => false,
    });
  }

  async missing(fail?: () => never): Promise<void> {
    const parked = async () => {
      fail?.();
      this.left.push("parked");
    };
    const settlement = { parked } as unknown as Settlement;
    const origin = { sequence: 3, content: undefined, since: 0 };
    const queued = fromLog(unitOf({ uid: nthUid(3) }), origin);
    this.parking.contentMissing(() => settlement)(queued, () => {
      this.again += 1;
    });
    await this.clock.advance(1_000);
  }
}

describe("a unit whose content was not found", () => {
  test("is parked when it is gone, and what is left of its content is kept", async () => {
    const bench = new Bench(async () => undefined);
    await bench.missing();
    expect(await bench.store.parked(9)).toMatchObject([{ sequence: 3 }]);
    expect([bench.left, bench.kept, bench.again]).toEqual([["parked"], [3], 0]);
  });

  test.each<[string, Stream["contentForSure"]]>([
    ["is found after all", async () => new Uint8Array(1)],
    ["is not known to be gone", () => Promise.reject(new Error("neither there nor gone"))],
  ])("goes on when it %s", async (_, contentForSure) => {
    const bench = new Bench(contentForSure);
    await bench.missing();
    expect(await bench.store.parked(9)).toEqual([]);
    expect([bench.left, bench.kept, bench.again]).toEqual([[], [], 1]);
  });
});

test("what fails in between is begun again, and throws at nobody", async () => {
  const bench = new Bench(async () => undefined);
  await bench.missing(() => {
    throw new Error("a promise of ours is broken");
  });
  expect([bench.left, bench.again]).toEqual([[], 1]);
});

test("an entry that nobody can read keeps its content, too", async () => {
  const bench = new Bench(async () => undefined);
  const record = new Uint8Array([255]);
  await bench.parking.entry({ sequence: 4, uid: nthUid(4), record }, "unreadable");
  expect(bench.kept).toEqual([4]);
});
