import { describe, expect, test } from "bun:test";
import { backlogOf } from "#lib/queue/backlog-name";
import { MemoryStore } from "#lib/store/memory";
import type { DeferredUnit } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { epoch, minute, named } from "../../../test/support/delivery/delivery-bench.ts";
import { workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { deferred, nthUid, shardOfTests } from "../../../test/support/queued.ts";
import type { DeliveryLimits } from "../config.ts";
import { fromStore, type QueuedUnit, unitBytes } from "../shard/queued-unit.ts";
import { WorkingSet } from "../shard/working-set.ts";
import { RetryWheel } from "./retry-wheel.ts";
import { WaitingFeed } from "./waiting-feed.ts";

const net = named("example.net");

class Bench {
  readonly clock = new VirtualClock(epoch);
  readonly store = new MemoryStore({ clock: this.clock });
  readonly working: WorkingSet;
  readonly wheel = new RetryWheel(shardOfTests, this.store, this.clock);
  readonly offered: QueuedUnit[] = [];
  readonly looked: QueuedUnit[] = [];
  readonly late: number[] = [];
  readonly feed: WaitingFeed;

  constructor(limits: Partial<DeliveryLimits> = {}) {
    this.working = new WorkingSet(workingPorts(this.clock, limits));
    this.feed = new WaitingFeed({
      shard: shardOfTests,
      store: this.store,
      clock: this.clock,
      log: silentLog,
      wheel: this.wheel,
      working: this.working,
      isStoreOpen: () => true,
      offer: async (units) => void this.offered.push(...units),
      look: (queued) => this.looked.push(queued),
      late: (lateMs) => void this.late.push(lateMs),
      park: async () => {},
    });
  }

  /** Without a destination that knows of it: as a row that is there. */
  async put(made: DeferredUnit, lookAt?: number, to = net): Promise<DeferredUnit> {
    const row = { deferred: made, content: async () => new Uint8Array(1) };
    await this.store.defer(shardOfTests, [lookAt === undefined ? row : { ...row, lookAt }]);
    const { backlogs } = this.working.queue(to);
    if (made.place.kind === "backlog") backlogs.of(backlogOf(made.unit)).grew(1, 1);
    return made;
  }

  async backlogged(count: number, first = 1): Promise<readonly DeferredUnit[]> {
    const units: DeferredUnit[] = [];
    for (let n = first; n < first + count; n++)
      units.push(await this.put(deferred({ uid: nthUid(n) })));
    return units;
  }

  read(): Promise<void> {
    return this.feed.readBacklog(this.working.queue(net));
  }

  get uids(): readonly string[] {
    return this.offered.map(({ unit }) => unit.uid);
  }

  /** What was offered is settled. */
  settleAll(): void {
    for (const queued of this.offered.splice(0)) {
      if (queued.origin.kind === "store") for (const done of queued.origin.rowsDone) done();
      this.working.remove(queued);
    }
  }
}

const due = (n: number, generation = 1) =>
  deferred({ uid: nthUid(n) }, { generation, place: { kind: "wheel", dueAt: epoch } });

describe("the wheel", () => {
  test("tells how late a unit comes back", async () => {
    const bench = new Bench();
    await bench.put(due(1));
    await bench.clock.advance(1_500);
    await bench.feed.readWheel();
    expect({ uids: bench.uids.length, late: bench.late }).toEqual({ uids: 1, late: [1_500] });
  });

  test("hands out what is due, and passes rows whose units have left", async () => {
    const bench = new Bench();
    const units = [await bench.put(due(1)), await bench.put(due(2)), await bench.put(due(3))];
    await bench.put({ ...due(2), generation: 2, place: { kind: "wheel", dueAt: epoch + minute } });
    await bench.store.finish(shardOfTests, [nthUid(3)]);
    await bench.feed.readWheel();
    expect(bench.uids).toEqual([units[0]?.unit.uid ?? ""]);
    bench.settleAll();
    await bench.clock.advance(minute);
    await bench.feed.readWheel();
    expect(bench.uids).toEqual([nthUid(2)]);
  });

  test("brings no more than there is room for, one part after the other", async () => {
    const bench = new Bench({ workerBytesMax: 200 * unitBytes });
    for (let n = 1; n <= 500; n++) await bench.put(due(n));
    const reading = bench.feed.readWheel();
    let seen = 0;
    while (seen < 500) {
      await bench.clock.advance(1);
      // And what is read at once, when there was room for one.
      expect(bench.working.unitCount).toBeLessThanOrEqual(200 + 32);
      seen += bench.offered.length;
      bench.settleAll();
    }
    await reading;
  });

  test("a unit that somebody has is not handed out twice, and its row goes with it", async () => {
    const bench = new Bench();
    const made = await bench.put(due(1));
    const queued = fromStore(made, { rowsDone: [], since: 0 });
    bench.working.add(queued);
    await bench.feed.readWheel();
    expect(bench.offered).toEqual([]);
    await bench.clock.advance(minute);
    await bench.wheel.advance();
    expect(await bench.store.wheel(shardOfTests, { until: epoch, limit: 9 })).toHaveLength(1);
    if (queued.origin.kind === "store") for (const done of queued.origin.rowsDone) done();
    bench.working.remove(queued);
    await bench.wheel.advance();
    expect(await bench.store.wheel(shardOfTests, { until: epoch, limit: 9 })).toEqual([]);
  });

  test("a unit in a backlog is looked at in its time, and not offered", async () => {
    const bench = new Bench();
    const made = await bench.put(deferred({ uid: nthUid(1) }), epoch + minute);
    await bench.feed.readWheel();
    expect(bench.looked).toEqual([]);
    await bench.clock.advance(minute);
    await bench.feed.readWheel();
    expect(bench.looked.map(({ unit }) => unit.uid)).toEqual([made.unit.uid]);
    expect(bench.offered).toEqual([]);
  });

  test("one that is cancelled while it is read is marked so", async () => {
    const bench = new Bench();
    await bench.put(due(1));
    const reading = bench.feed.readWheel();
    while (!bench.working.has(nthUid(1))) await Promise.resolve();
    expect(bench.working.cancel(nthUid(1))).toBe(true);
    await reading;
    expect(bench.offered[0]?.isCancelled).toBe(true);
  });
});

describe("a backlog", () => {
  test("of each of many tenants has a part of the room, and no more is read than there is room for", async () => {
    const bench = new Bench({ readyUnitsMax: 40 });
    bench.working.queue(net).windowBounds = { first: 20, max: 20 };
    const tenants = Array.from({ length: 10 }, (_, n) => `tenant${n}`);
    let n = 0;
    for (const tenant of tenants) {
      for (let i = 0; i < 30; i++) await bench.put(deferred({ uid: nthUid(++n), tenant }));
    }
    await bench.read();
    expect(new Set(bench.offered.map(({ unit }) => unit.tenant)).size).toBe(tenants.length);
    expect(bench.offered.length).toBeLessThanOrEqual(20);
  });

  test("is read in order, a few at a time, on and on", async () => {
    const bench = new Bench();
    const units = await bench.backlogged(120);
    const uids = units.map(({ unit }) => unit.uid as string);
    bench.working.queue(net).windowBounds = { first: 5, max: 20 };
    const perPage = bench.working.queue(net).window * 10;
    await bench.read();
    expect(bench.uids).toEqual(uids.slice(0, perPage));
    bench.settleAll();
    await bench.read();
    expect(bench.uids).toEqual(uids.slice(perPage, 2 * perPage));
    bench.settleAll();
    await bench.read();
    expect(bench.uids).toEqual(uids.slice(2 * perPage));
    bench.settleAll();
    await bench.read();
    expect([bench.offered.length, bench.working.queue(net).backlogs.of(net).depth]).toEqual([0, 0]);
  });

  test("of a destination that is closed is left alone", async () => {
    const bench = new Bench();
    await bench.backlogged(3);
    bench.working.hold({ destination: net, reason: "quiet", since: 1 });
    await bench.read();
    expect(bench.offered).toEqual([]);
  });

  test("of a destination that is tried again after a failure gives few", async () => {
    const bench = new Bench();
    await bench.backlogged(100);
    const queue = bench.working.queue(net);
    queue.goDown("refused", bench.clock.now() + 1_000, () => {});
    await bench.clock.advance(1_000);
    await bench.read();
    expect(bench.offered.length).toBe(10);
  });

  test("rows whose units have left are passed in one go, however many", async () => {
    const bench = new Bench();
    const units = await bench.backlogged(1_000);
    await bench.store.finish(
      shardOfTests,
      units.map(({ unit }) => unit.uid),
    );
    const [last] = await bench.backlogged(1, 2_000);
    await bench.read();
    expect(bench.uids).toEqual([last?.unit.uid ?? ""]);
  });

  test("a row ahead of its unit's record is read again when the record is there", async () => {
    const bench = new Bench();
    // In memory: the next generation is being written.
    const queued = fromStore(due(1), { rowsDone: [], since: 0 });
    bench.working.add(queued);
    await bench.put(deferred({ uid: nthUid(1) }, { generation: 2 }));
    await bench.backlogged(1, 2);
    await bench.read();
    expect(bench.offered).toEqual([]);
    bench.working.remove(queued);
    await bench.read();
    expect(bench.uids).toEqual([nthUid(1), nthUid(2)]);
  });

  test("a row that was written twice brings its unit once, and both go with it", async () => {
    const bench = new Bench();
    const [made] = await bench.backlogged(1);
    if (made !== undefined) await bench.put(made);
    await bench.read();
    expect(bench.offered.length).toBe(1);
    expect(bench.working.queue(net).backlogs.of(net).done).toBeUndefined();
    bench.settleAll();
    const { done } = bench.working.queue(net).backlogs.of(net);
    const left = await bench.store.backlog(shardOfTests, net, { limit: 9, after: done ?? "" });
    expect(left).toEqual([]);
  });

  test("an older generation's row before it does not hide a unit", async () => {
    const bench = new Bench();
    await bench.put(deferred({ uid: nthUid(1) }, { generation: 1 }));
    await bench.put(deferred({ uid: nthUid(1) }, { generation: 2 }));
    await bench.read();
    expect(
      bench.offered.map(({ origin }) => origin.kind === "store" && origin.deferred.generation),
    ).toEqual([2]);
  });

  test("a row without a unit, which a crash left, is passed", async () => {
    const bench = new Bench();
    const made = await bench.put(deferred({ uid: nthUid(1) }, { generation: 3 }));
    await bench.put({ ...made, generation: 4, place: { kind: "wheel", dueAt: epoch + minute } });
    await bench.read();
    expect(bench.offered).toEqual([]);
    expect(bench.working.queue(net).backlogs.of(net).done).toBeDefined();
  });
});

test("a destination that was down is tried with one unit, and gets more when that went", async () => {
  const bench = new Bench();
  await bench.backlogged(20);
  const queue = bench.working.queue(net);
  queue.windowBounds = { first: 1, max: 5 };
  queue.failed(bench.clock.monotonic());
  await bench.read();
  expect(bench.offered.length).toBe(1);
  bench.settleAll();
  queue.succeeded();
  await bench.read();
  expect(bench.offered.length).toBeGreaterThanOrEqual(10);
});

describe("backlogs of many destinations", () => {
  const names = Array.from({ length: 60 }, (_, n) => named(`d${n}.example`));

  async function withMany(each: number, limits: Partial<DeliveryLimits> = {}): Promise<Bench> {
    const bench = new Bench({ shardUnitsMax: 200, ...limits });
    let n = 0;
    for (const destination of names) {
      for (let i = 0; i < each; i++) {
        n += 1;
        await bench.put(deferred({ uid: nthUid(n), destination }), undefined, destination);
      }
      bench.working.queue(destination).windowBounds = { first: 5, max: 5 };
    }
    return bench;
  }

  test("that ask at once have no more than their part of the room together", async () => {
    const bench = await withMany(20);
    await Promise.all(names.map((name) => bench.feed.readBacklog(bench.working.queue(name))));
    // Half of the room; and a little for who has nothing yet.
    expect(bench.offered.length).toBeGreaterThanOrEqual(50);
    expect(bench.offered.length).toBeLessThanOrEqual(150);
    expect(bench.working.unitCount).toBe(bench.offered.length);
  });

  test("that ask at once have no more of the worker's bytes, either", async () => {
    const bench = await withMany(20, { workerBytesMax: 100 * unitBytes });
    await Promise.all(names.map((name) => bench.feed.readBacklog(bench.working.queue(name))));
    expect(bench.offered.length).toBeGreaterThanOrEqual(25);
    expect(bench.working.bytes).toBeLessThanOrEqual(75 * unitBytes);
  });

  test("come all of them, one part after the other", async () => {
    const bench = await withMany(20);
    let seen = 0;
    for (let turn = 0; turn < 40 && seen < 1_200; turn++) {
      await Promise.all(names.map((name) => bench.feed.readBacklog(bench.working.queue(name))));
      seen += bench.offered.length;
      bench.settleAll();
    }
    expect(seen).toBe(1_200);
  });
});
