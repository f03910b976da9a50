import { describe, expect, test } from "bun:test";
import { queueIdOf, type Unit } from "#lib/queue/unit";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import type { LogEntry, LogReader } from "#lib/stream/stream";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { config, epoch } from "../../../test/support/delivery/delivery-bench.ts";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { deferred, nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { noMetrics } from "../metrics.ts";
import { LogFeed } from "./log-feed.ts";
import { ShardProgress } from "./progress.ts";
import { type QueuedUnit, unitBytes } from "./queued-unit.ts";
import type { Takeover } from "./takeover.ts";
import { WorkingSet } from "./working-set.ts";

class Bench {
  readonly clock = new VirtualClock(epoch);
  readonly log = new MemoryLog({ clock: this.clock, shards: 1 });
  /** What becomes of each look into the store. */
  look = async (): Promise<void> => {};
  readonly store = new MemoryStore({
    clock: this.clock,
    faults: {
      before: async ({ operation }) => {
        if (operation === "find") await this.look();
      },
      after: async () => {},
    },
  });
  readonly progress: ShardProgress;
  readonly working: WorkingSet;
  readonly offered: QueuedUnit[] = [];
  readonly left: string[] = [];
  readonly parked: LogEntry[] = [];
  /** When what is parked is there. */
  parking: Promise<void> = Promise.resolve();
  readonly feed: LogFeed;
  readonly #stop = new AbortController();

  constructor(takeover: Partial<Takeover> = {}, limits = config.limits, read = asItIs) {
    const { clock, log, store } = this;
    const whole = {
      floor: 0,
      settled: new Set<number>(),
      suspectThrough: 0,
      journals: [],
      ...takeover,
    };
    this.progress = new ShardProgress(whole.floor);
    this.working = new WorkingSet(workingPorts(clock, limits));
    this.feed = new LogFeed({
      shard: shardOfTests,
      reader: read(log.stream().open(shardOfTests, whole.floor)),
      takeover: whole,
      store,
      clock,
      log: silentLog,
      metrics: noMetrics,
      progress: this.progress,
      working: this.working,
      storeRetryMs: 1_000,
      offer: async (units) => void this.offered.push(...units),
      alreadyDeferred: ({ unit }) => this.left.push(`deferred ${unit.uid}`),
      duplicate: ({ unit }) => this.left.push(`duplicate ${unit.uid}`),
      park: (entry) => {
        this.parked.push(entry);
        return this.parking;
      },
    });
  }

  async accept(unit: Partial<Unit>): Promise<Unit> {
    const made = unitOf(unit);
    const id = queueIdOf(made.uid);
    const content = new Uint8Array(10);
    await this.log.intake().accept({ id, units: [made], content, isRepeatable: false });
    return made;
  }

  /** The store has it as deferred. */
  async defer(n: number): Promise<void> {
    const content = async () => new Uint8Array(1);
    await this.store.defer(shardOfTests, [{ deferred: deferred({ uid: nthUid(n) }), content }]);
  }

  stop(): void {
    this.#stop.abort(new Error("stopped"));
  }

  async read(): Promise<void> {
    void this.feed.run(this.#stop.signal);
    await this.clock.advance(0);
  }

  get uids(): readonly string[] {
    return this.offered.map(({ unit }) => unit.uid);
  }
}

async function away(): Promise<void> {
  throw new Error("away");
}

function asItIs(reader: LogReader): LogReader {
  return reader;
}

/** The last one overtakes, as of a lane of its own. */
function overtaking(reader: LogReader): LogReader {
  return {
    async pull(limit, signal) {
      const { entries, through } = await reader.pull(limit, signal);
      return { entries: [...entries.slice(-1), ...entries.slice(0, -1)], through };
    },
    close: () => reader.close(),
  };
}

/** Of each two entries the first cannot be read. */
function damaged(reader: LogReader): LogReader {
  const garbage = (entry: LogEntry): LogEntry => {
    const { unit: _, ...rest } = entry;
    return { ...rest, record: new Uint8Array([0]) };
  };
  return {
    async pull(limit, signal) {
      const { entries, through } = await reader.pull(limit, signal);
      return { entries: entries.map((e) => (e.sequence % 2 === 1 ? garbage(e) : e)), through };
    },
    close: () => reader.close(),
  };
}

/** Every entry comes again with those behind it. */
function forgetful(reader: LogReader): LogReader {
  const given: LogEntry[] = [];
  return {
    async pull(limit, signal) {
      const { entries, through } = await reader.pull(limit, signal);
      given.push(...entries);
      return { entries: [...given], through };
    },
    close: () => reader.close(),
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

describe("LogFeed", () => {
  test("reads what is there and what comes, in order", async () => {
    const bench = new Bench();
    for (const n of numbers(3)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    await bench.accept({ uid: nthUid(4) });
    await bench.clock.advance(0);
    expect(bench.uids).toEqual(numbers(4).map((n) => nthUid(n)));
    expect([bench.progress.floor, bench.progress.unsettledCount]).toEqual([0, 4]);
  });

  test("is behind by the age of what it reads while there is no room for more", async () => {
    const limits = { ...config.limits, shardUnitsMax: 2 };
    const bench = new Bench({}, limits);
    for (const n of numbers(3)) {
      await bench.accept({ uid: nthUid(n), acceptedAt: bench.clock.now() - 60_000 });
    }
    expect(bench.feed.behindMs).toBe(0);
    await bench.read();
    expect(bench.working.hasRoom).toBe(false);
    expect(bench.feed.behindMs).toBe(60_000);
    await bench.clock.advance(5_000);
    expect(bench.feed.behindMs).toBe(65_000);
  });

  test("reads no more at once than there is room for", async () => {
    const bench = new Bench({}, { ...config.limits, workerBytesMax: 100 * unitBytes });
    for (const n of numbers(300)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    expect(bench.working.hasRoom).toBe(false);
    expect(bench.working.unitCount).toBeLessThan(100 + 32);
    while (bench.uids.length < 300) {
      for (const queued of bench.offered) bench.working.remove(queued);
      await bench.clock.advance(0);
    }
    expect(bench.feed.behindMs).toBe(0);
  });

  test("is not behind when it has read all, however old that was", async () => {
    const bench = new Bench();
    await bench.accept({ uid: nthUid(1), acceptedAt: bench.clock.now() - 60_000 });
    await bench.read();
    await bench.clock.advance(5_000);
    expect([bench.uids.length, bench.feed.behindMs]).toEqual([1, 0]);
  });

  test("leaves out what an earlier owner settled", async () => {
    const bench = new Bench({ settled: new Set([1, 3]), suspectThrough: 3 });
    for (const n of numbers(3)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    expect(bench.uids).toEqual([nthUid(2)]);
    expect(bench.progress.floor).toBe(1);
  });

  test("looks up suspects, and settles those that were deferred or finished", async () => {
    const bench = new Bench({ suspectThrough: 3 });
    for (const n of numbers(4)) await bench.accept({ uid: nthUid(n) });
    for (const n of [1, 2, 4]) {
      const row = {
        deferred: deferred({ uid: nthUid(n) }),
        content: async () => new Uint8Array(1),
      };
      await bench.store.defer(shardOfTests, [row]);
    }
    await bench.store.finish(shardOfTests, [nthUid(2)]);
    await bench.read();
    expect(bench.left).toEqual([`deferred ${nthUid(1)}`, `deferred ${nthUid(2)}`]);
    expect(bench.uids).toEqual([nthUid(3), nthUid(4)]);
  });

  test("looks up suspects behind one that has overtaken them and is none", async () => {
    const bench = new Bench({ suspectThrough: 2 }, config.limits, overtaking);
    for (const n of numbers(3)) await bench.accept({ uid: nthUid(n) });
    const content = async () => new Uint8Array(1);
    await bench.store.defer(shardOfTests, [{ deferred: deferred({ uid: nthUid(1) }), content }]);
    await bench.read();
    expect(bench.left).toEqual([`deferred ${nthUid(1)}`]);
    expect(bench.uids).toEqual([nthUid(3), nthUid(2)]);
  });

  test("suspects wait for a store that is away, and keep nobody but the floor", async () => {
    const bench = new Bench({ suspectThrough: 3 });
    for (const n of numbers(5)) await bench.accept({ uid: nthUid(n) });
    await bench.defer(2);
    bench.look = away;
    await bench.read();
    await bench.accept({ uid: nthUid(6) });
    await bench.clock.advance(10_000);
    expect([bench.uids, bench.left]).toEqual([[nthUid(4), nthUid(5), nthUid(6)], []]);
    for (const n of [4, 5, 6]) bench.progress.settled(n, 1);
    expect(bench.progress.floor).toBe(0);
    bench.look = async () => {};
    await bench.clock.advance(1_000);
    expect(bench.uids.slice(3)).toEqual([nthUid(1), nthUid(3)]);
    expect(bench.left).toEqual([`deferred ${nthUid(2)}`]);
    for (const n of [1, 3]) bench.progress.settled(n, 1);
    expect(bench.progress.floor).toBe(1);
  });

  test("one that is set aside during a look is looked up by the next", async () => {
    const bench = new Bench({ suspectThrough: 2 });
    await bench.defer(2);
    await bench.accept({ uid: nthUid(1) });
    bench.look = away;
    await bench.read();
    const answered = Promise.withResolvers<void>();
    bench.look = () => answered.promise;
    await bench.clock.advance(1_000);
    await bench.accept({ uid: nthUid(2) });
    await bench.clock.advance(0);
    answered.resolve();
    await bench.clock.advance(0);
    expect([bench.uids, bench.left]).toEqual([[nthUid(1)], [`deferred ${nthUid(2)}`]]);
  });

  test("so many are set aside, then it does not read on until they are looked up", async () => {
    const bench = new Bench({ suspectThrough: 1_500 });
    for (const n of numbers(1_600)) await bench.accept({ uid: nthUid(n) });
    bench.look = away;
    await bench.read();
    await bench.clock.advance(10_000);
    expect([bench.progress.unsettledCount, bench.uids.length]).toEqual([1_000, 0]);
    bench.look = async () => {};
    await bench.clock.advance(1_000);
    expect([bench.uids.length, new Set(bench.uids).size]).toEqual([1_600, 1_600]);
  });

  test("those set aside are the next owner's when it stops, also in the middle of a look", async () => {
    const bench = new Bench({ suspectThrough: 1 });
    await bench.accept({ uid: nthUid(1) });
    bench.look = away;
    await bench.read();
    const answered = Promise.withResolvers<void>();
    bench.look = () => answered.promise;
    await bench.clock.advance(1_000);
    bench.stop();
    answered.resolve();
    await bench.clock.advance(10_000);
    expect([bench.uids, bench.left, bench.working.unitCount]).toEqual([[], [], 0]);
    expect(bench.progress.floor).toBe(0);
  });

  test("one that is in memory is a duplicate; one that is only claimed is none", async () => {
    const bench = new Bench();
    expect(bench.working.claim(nthUid(1))).toBe(true);
    await bench.accept({ uid: nthUid(1) });
    await bench.read();
    expect([bench.uids, bench.left]).toEqual([[nthUid(1)], []]);
    bench.working.unclaim(nthUid(1));
    // The queue has forgotten its id, and takes it once more.
    await bench.clock.advance(3_600_000);
    await bench.log.stream().purge(shardOfTests, 1);
    await bench.accept({ uid: nthUid(1) });
    await bench.clock.advance(0);
    expect(bench.left).toEqual([`duplicate ${nthUid(1)}`]);
  });

  test("an entry that is handed out again is nobody's, whether it is settled or not", async () => {
    const bench = new Bench({}, config.limits, forgetful);
    for (const n of numbers(2)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    const [first] = bench.offered;
    if (first !== undefined) bench.working.remove(first);
    bench.progress.settled(1, 1);
    await bench.accept({ uid: nthUid(3) });
    await bench.clock.advance(0);
    expect(bench.uids).toEqual(numbers(3).map((n) => nthUid(n)));
    expect(bench.left).toEqual([]);
    expect([bench.progress.floor, bench.progress.unsettledCount]).toEqual([1, 2]);
  });

  test("what cannot be parked now keeps only so many others from being tried", async () => {
    const bench = new Bench({}, config.limits, damaged);
    const stored = Promise.withResolvers<void>();
    bench.parking = stored.promise;
    for (const n of numbers(100)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    expect(bench.parked.length).toBe(32);
    bench.parking = Promise.resolve();
    stored.resolve();
    await bench.clock.advance(0);
    expect([bench.parked.length, bench.uids.length]).toEqual([50, 50]);
    expect(bench.progress.floor).toBe(0);
  });

  test("one that cannot be parked now holds the floor, and nobody", async () => {
    const bench = new Bench({}, config.limits, damaged);
    bench.parking = new Promise(() => {});
    for (const n of numbers(4)) await bench.accept({ uid: nthUid(n) });
    await bench.read();
    expect(bench.uids).toEqual([nthUid(2), nthUid(4)]);
    expect([bench.parked.length, bench.progress.floor]).toEqual([2, 0]);
  });

  test("does not read on without room", async () => {
    const limits = { ...config.limits, shardUnitsMax: 1 };
    const bench = new Bench({}, limits);
    await bench.accept({ uid: nthUid(1) });
    await bench.read();
    await bench.accept({ uid: nthUid(2) });
    await bench.clock.advance(10_000);
    expect(bench.uids).toEqual([nthUid(1)]);
    const [first] = bench.offered;
    if (first !== undefined) bench.working.remove(first);
    await bench.clock.advance(0);
    expect(bench.uids).toEqual([nthUid(1), nthUid(2)]);
  });
});
