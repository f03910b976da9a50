/** Mail that its sender does not want sent yet (ADR 0026). */
import { describe, expect, test } from "bun:test";
import type { Unit } from "#lib/queue/unit";
import { DeliveryBench, day, hour, named } from "../../test/support/delivery/delivery-bench.ts";
import { nthUid, shardOfTests } from "../../test/support/queued.ts";
import { path } from "../../test/support/records.ts";

const net = named("example.net");

function away() {
  const state = { isAway: false };
  const before = async () => {
    if (state.isAway) throw new Error("away");
  };
  return { state, faults: { before, after: async () => {} } };
}

/** One that is to be sent in so long. */
async function schedule(bench: DeliveryBench, aheadMs: number, unit: Partial<Unit> = {}) {
  const notBefore = bench.clock.now() + aheadMs;
  return await bench.accept({ notBefore, expiresAt: notBefore + 5 * day, ...unit });
}

/** The wheel looks once a second. */
function isItsTime({ notBefore = 0 }: Unit, at = 0): boolean {
  return at >= notBefore && at < notBefore + 1_000;
}

/** To their recipients, not to their senders, who are told of that. */
const busy = (command: string) =>
  command.startsWith("RCPT") && command.includes("@example.net")
    ? ("451 4.2.1 Later" as const)
    : undefined;

describe("a message that is not to be sent yet", () => {
  test("waits in the store, not in memory nor in the log, and is sent when its time has come", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, 2 * hour);
    await bench.clock.advance(10_000);
    const [owner] = bench.worker.owners;
    expect([owner?.working.unitCount, owner?.floor, bench.log.bytes]).toEqual([0, 1, 0]);
    expect([...(owner?.working.destinations ?? [])]).toEqual([]);
    await bench.clock.advance(2 * hour - 11_000);
    expect(bench.mx.taken).toEqual([]);
    await bench.clock.advance(4_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
    const told = (await bench.story(unit)).map(({ disposition, attempt, sequence, ...rest }) => {
      return { disposition, attempt, sequence, isThen: isItsTime(unit, rest.nextAttemptAt) };
    });
    expect(told).toEqual([
      { disposition: "deferred", attempt: 0, sequence: 1, isThen: true },
      { disposition: "delivered", attempt: 1, sequence: 0, isThen: false },
    ]);
    // Nobody outside is told of an attempt that was none.
    expect(bench.recorded.records.map(({ kind }) => kind)).toEqual(["delivery"]);
  });

  test("is left for the next owner, who finds it in the store", async () => {
    const bench = await new DeliveryBench().start();
    await schedule(bench, 2 * hour);
    await bench.clock.advance(60_000);
    await bench.restart();
    await bench.clock.advance(2 * hour - 120_000);
    expect(bench.mx.taken).toEqual([]);
    await bench.clock.advance(64_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("is sent at once when that time was over", async () => {
    const bench = await new DeliveryBench().start();
    await schedule(bench, -hour);
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("is late, and given up, as if it had come then", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busy };
    const acceptedAt = bench.clock.now();
    await schedule(bench, 6 * hour, { expiresAt: acceptedAt + 12 * hour });
    await bench.clock.advance(9.9 * hour);
    expect(bench.notifications).toEqual([]);
    await bench.clock.advance(2 * hour);
    expect(bench.notifications.map(({ content }) => /^Action: .*$/m.exec(content)?.[0])).toEqual([
      "Action: delayed",
    ]);
    await bench.clock.advance(hour);
    expect(bench.notifications.length).toBe(2);
    expect(bench.events.filter(({ event }) => event === "attempt").length).toBeGreaterThan(5);
  });

  test("waits with its destination when that is held by then", async () => {
    const bench = await new DeliveryBench().start();
    await schedule(bench, hour);
    const held = { destination: net, reason: "moving", since: 0 };
    await bench.store.putHold(held);
    await bench.ask("queue.hold", held);
    await bench.clock.advance(2 * hour);
    expect((await bench.summary("example.net")).destinations).toMatchObject([
      { state: "held", backlog: 1, deferred: 0 },
    ]);
    await bench.ask("queue.release", { destination: net });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("waits in memory while the store is away, and others go past it", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({ storeFaults: faults }).start();
    await bench.clock.advance(1_000);
    state.isAway = true;
    await schedule(bench, hour);
    await bench.acceptMany(3);
    await bench.clock.advance(60_000);
    const [owner] = bench.worker.owners;
    expect([bench.mx.taken.length, owner?.working.unitCount, owner?.floor]).toEqual([3, 1, 0]);
    state.isAway = false;
    await bench.clock.advance(10_000);
    expect([owner?.working.unitCount, owner?.floor]).toEqual([0, 4]);
    await bench.clock.advance(hour);
    expect(bench.mx.recipients.filter((r) => r === "b@example.net").length).toBe(1);
  });

  test("comes later by as much as the clock was put back", async () => {
    const bench = await new DeliveryBench().start();
    await schedule(bench, 2 * hour);
    // Within the part of the wheel that is in memory.
    await bench.clock.advance(2 * hour - 60_000);
    bench.clock.step(-hour);
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
    await bench.clock.advance(64_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
  });

  test("stands in the store as one that was never tried", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, day);
    await bench.clock.advance(5_000);
    const stored = (await bench.store.find([unit.uid])).get(unit.uid);
    expect(stored).toMatchObject({
      state: "waiting",
      deferred: { generation: 1, attempts: 0, place: { kind: "wheel" }, last: {} },
    });
  });

  test("with hundreds of one time is spread over the second behind it", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, day);
    for (let n = 0; n < 400; n++) await bench.accept({ ...unit, uid: nthUid(1_000 + n) });
    await bench.clock.advance(5_000);
    const until = bench.clock.now() + 2 * day;
    const rows = await bench.store.wheel(shardOfTests, { until, limit: 1_000 });
    expect(rows.length).toBe(401);
    expect(rows.every(({ at }) => isItsTime(unit, at))).toBe(true);
    expect(new Set(rows.map(({ at }) => at)).size).toBeGreaterThan(200);
  });
});

describe("an operator", () => {
  test("sees until when it is scheduled", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, 2 * hour);
    await bench.clock.advance(1_000);
    const { notBefore } = unit;
    const { units } = await bench.ask("queue.show", { id: unit.uid });
    expect(units).toMatchObject([{ state: "deferred", attempts: 0, notBefore }]);
    expect(isItsTime(unit, units[0]?.nextAttemptAt)).toBe(true);
    const explained = await bench.ask("queue.explain", { id: unit.uid });
    expect(explained.units).toMatchObject([{ standing: { place: "wheel", reason: "scheduled" } }]);
    expect(explained.destinations).toMatchObject([{ deferred: 1, scheduled: 1 }]);
    expect((await bench.summary("example.net")).destinations).toMatchObject([
      { deferred: 1, scheduled: 1 },
    ]);
  });

  test("sees how much is, apart from what waits for its next attempt", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busy };
    for (let n = 0; n < 3; n++) await schedule(bench, 2 * hour);
    await bench.acceptMany(2);
    await bench.clock.advance(1_000);
    const counts = () => bench.worker.waiting.map(({ reason, units }) => [reason, units]);
    expect(counts()).toEqual([
      ["schedule", 2],
      ["scheduled", 3],
    ]);
    // At their time they fail, and wait for another.
    await bench.clock.advance(2 * hour + 4_000);
    expect(counts()).toEqual([["schedule", 5]]);
    await bench.restart();
    expect((await bench.summary("example.net")).destinations).toMatchObject([{ deferred: 5 }]);
    expect((await bench.summary("example.net")).destinations[0]).not.toHaveProperty("scheduled");
  });

  test("has it sent now by its name, and not with all of its destination", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, 2 * hour);
    const other = await schedule(bench, 2 * hour, {
      recipients: [{ path: path("c@example.net") }],
    });
    await bench.clock.advance(1_000);
    const changed = await bench.ask("queue.retry", { destination: net });
    expect([changed.units, bench.mx.taken.length]).toEqual([0, 0]);
    expect(await bench.ask("queue.retry", { id: unit.uid })).toEqual({ units: 1, destinations: 0 });
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
    expect(bench.worker.waiting).toMatchObject([{ reason: "scheduled", units: 1 }]);
    await bench.clock.advance(2 * hour);
    expect(bench.mx.recipients).toEqual(["b@example.net", "c@example.net"]);
    expect((await bench.story(other)).length).toBe(2);
  });

  test("who has it sent now has the whole of its lifetime begin now", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busy };
    const unit = await schedule(bench, 10 * day);
    await bench.clock.advance(hour);
    await bench.ask("queue.retry", { id: unit.uid });
    await bench.clock.advance(1_000);
    const { units } = await bench.ask("queue.show", { id: unit.uid });
    const releasedAt = bench.clock.now() - 1_000;
    expect(units).toMatchObject([{ state: "deferred", attempts: 1, notBefore: releasedAt }]);
    expect(units[0]?.expiresAt).toBe(releasedAt + 5 * day);
    expect(units[0]?.nextAttemptAt).toBeLessThan(bench.clock.now() + hour);
  });

  test("cancels it", async () => {
    const bench = await new DeliveryBench().start();
    const unit = await schedule(bench, 2 * hour);
    await bench.clock.advance(1_000);
    expect(await bench.ask("queue.cancel", { id: unit.uid })).toMatchObject({ units: 1 });
    await bench.clock.advance(3 * hour);
    expect([bench.mx.taken, bench.notifications]).toEqual([[], []]);
    expect((await bench.story(unit)).map(({ disposition }) => disposition)).toEqual([
      "deferred",
      "cancelled",
    ]);
  });
});
