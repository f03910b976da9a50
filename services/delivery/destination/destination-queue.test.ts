import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { queueFor, workingPorts } from "../../../test/support/delivery/queue-for.ts";
import { deferred, nthUid, unitOf } from "../../../test/support/queued.ts";
import { destination } from "../../../test/support/records.ts";
import type { DeliveryLimits } from "../config.ts";
import { fromLog, fromStore, type QueuedUnit } from "../shard/queued-unit.ts";
import type { DestinationQueue } from "./destination-queue.ts";

const name = destination("example.net");
const hold = { destination: name, reason: "quiet", since: 1 };

const always = () => true;

function setUp(limits: Partial<DeliveryLimits> = {}) {
  const clock = new VirtualClock();
  const queue = queueFor(name, { first: 4, max: 6 }, workingPorts(clock, limits));
  return { clock, queue };
}

function logged(n: number, since = 0, expiresAt = 1_000, tenant = "a"): QueuedUnit {
  const unit = unitOf({ uid: nthUid(n), expiresAt, tenant });
  return fromLog(unit, { sequence: n, content: new Uint8Array(100), since });
}

function stored(n: number): QueuedUnit {
  return fromStore(deferred({ uid: nthUid(n) }), { rowsDone: [], since: 0 });
}

const uidsOf = (units: readonly QueuedUnit[]) => units.map(({ unit }) => unit.uid);

describe("DestinationQueue", () => {
  test("is first in, first out", () => {
    const { queue } = setUp();
    for (const n of [1, 2, 3]) queue.push(logged(n));
    expect([queue.take(always)?.unit.uid, queue.take(always)?.unit.uid]).toEqual([
      nthUid(1),
      nthUid(2),
    ]);
    expect(queue.readyCount).toBe(1);
  });

  test.each<[string, (q: DestinationQueue) => void]>([
    ["down", (q) => q.goDown("refused", 1e15, () => {})],
    ["held", (q) => Object.assign(q, { hold })],
  ])("gives nothing while it is %s", (_, close) => {
    const { queue } = setUp();
    queue.push(logged(1));
    close(queue);
    expect([queue.isClosed, queue.canStart, queue.take(always)]).toEqual([true, false, undefined]);
    expect(uidsOf(queue.drain())).toEqual([nthUid(1)]);
    expect([...queue.lanes]).toEqual([]);
  });

  test("no more sessions than its window, which grows with success to its maximum", () => {
    const { queue } = setUp();
    queue.push(logged(1));
    for (let n = 0; n < 4; n++) {
      expect(queue.canStart).toBe(true);
      queue.sessionStarted();
    }
    expect(queue.canStart).toBe(false);
    for (let n = 0; n < 9; n++) queue.succeeded();
    expect(queue.window).toBe(6);
    expect(queue.canStart).toBe(true);
  });

  test("a failure beside a success takes one session away, and does not take it down", async () => {
    const { clock, queue } = setUp();
    const startedAt = clock.monotonic();
    await clock.advance(10);
    queue.succeeded();
    expect(queue.failed(startedAt)).toBe(0);
    expect(queue.window).toBe(4);
  });

  test("it is down when each of its sessions says so", async () => {
    const { clock, queue } = setUp();
    for (let n = 0; n < 3; n++) queue.sessionStarted();
    const startedAt = clock.monotonic();
    const told = [1, 2, 3].map(() => queue.failed(startedAt));
    expect(told).toEqual([0, 0, 1]);
  });

  test("failures in a row are counted once for each time it was open", async () => {
    const { clock, queue } = setUp();
    expect(queue.failed(clock.monotonic())).toBe(1);
    queue.goDown("refused", clock.now() + 1_000, () => {});
    expect(queue.failed(clock.monotonic())).toBe(1);
    await clock.advance(1_000);
    expect(queue.failed(clock.monotonic())).toBe(2);
    queue.succeeded();
    await clock.advance(1);
    expect(queue.failed(clock.monotonic())).toBe(1);
  });

  test("has one timer while down, and one session when it opens again", async () => {
    const { clock, queue } = setUp();
    let opened = 0;
    const until = clock.now() + 60_000;
    queue.goDown("refused", until, () => (opened += 1));
    queue.goDown("refused again", until, () => (opened += 1));
    expect(queue.down).toMatchObject({ reason: "refused again", until });
    await clock.advance(60_000);
    expect([opened, queue.isClosed, queue.window]).toEqual([1, false, 1]);
    expect(clock.nextDueAt()).toBeUndefined();
  });

  test("brought up by hand, its timer goes", async () => {
    const { clock, queue } = setUp();
    let opened = 0;
    queue.goDown("refused", clock.now() + 1_000, () => (opened += 1));
    queue.goUp();
    await clock.advance(2_000);
    expect([opened, queue.isClosed]).toEqual([0, false]);
  });

  test("what has waited for too long goes, if it came from the log", () => {
    const { queue } = setUp();
    for (const queued of [logged(1, 10), stored(2), logged(3, 20)]) queue.push(queued);
    expect(queue.drainLogged(10)).toEqual([]);
    expect(uidsOf(queue.drainLogged(15))).toEqual([nthUid(1)]);
    expect(queue.readyCount).toBe(2);
  });

  test("what is cancelled, and what has outlived its time, can be taken out", () => {
    const { queue } = setUp();
    const units = [logged(1, 0, 50), logged(2, 0, 500), logged(3, 0, 500)];
    for (const queued of units) queue.push(queued);
    const [, second] = units;
    if (second !== undefined) second.isCancelled = true;
    expect(uidsOf(queue.drainExpired(50))).toEqual([nthUid(1)]);
    expect(uidsOf(queue.drainCancelled())).toEqual([nthUid(2)]);
    expect(queue.readyCount).toBe(1);
  });

  test("is full by count and by bytes", () => {
    const { queue } = setUp({ readyUnitsMax: 2 });
    queue.push(logged(1));
    expect([queue.isFullFor(stored(2)), queue.roomUnits]).toEqual([false, 1]);
    queue.push(logged(2));
    expect([queue.isFullFor(stored(3)), queue.roomUnits]).toEqual([true, 0]);
    const { queue: heavy } = setUp({ readyBytesMax: 1_000 });
    heavy.push(logged(1));
    expect(heavy.isFullFor(logged(2))).toBe(true);
    heavy.take(always);
    expect(heavy.isFullFor(logged(2))).toBe(false);
  });

  test("new mail of one tenant does not take the last room of the others", () => {
    const { queue } = setUp({ readyUnitsMax: 100 });
    let n = 0;
    const fill = (tenant: string) => {
      const before = queue.readyCount;
      for (;;) {
        n += 1;
        const next = logged(n, 0, 1_000, tenant);
        if (queue.isFullFor(next)) return queue.readyCount - before;
        queue.push(next);
      }
    };
    expect([fill("a"), fill("b"), fill("c")]).toEqual([75, 19, 5]);
    expect(queue.isFullFor(stored(200))).toBe(false);
  });

  test("counts what came from the store by itself", () => {
    const { queue } = setUp();
    queue.push(stored(1));
    queue.push(logged(2));
    expect(queue.readyFromStore(name)).toBe(1);
    queue.take(always);
    expect(queue.readyFromStore(name)).toBe(0);
  });

  test("knows which units a session has", () => {
    const { queue } = setUp();
    const unit = logged(1);
    queue.push(unit);
    queue.take(always);
    expect(unit.isInFlight).toBe(true);
    queue.push(unit);
    expect(unit.isInFlight).toBe(false);
  });

  test("may be forgotten when nothing about it must be remembered, held or not", () => {
    const { clock, queue } = setUp();
    expect(queue.isForgettable).toBe(true);
    queue.hold = hold;
    expect(queue.isForgettable).toBe(true);
    queue.backlogs.of(name).grew(1, 1);
    expect(queue.isForgettable).toBe(false);
    const { queue: down } = setUp();
    down.goDown("refused", clock.now() + 1, () => {});
    expect(down.isForgettable).toBe(false);
  });
});
