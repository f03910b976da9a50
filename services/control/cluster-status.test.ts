import { beforeEach, describe, expect, test } from "bun:test";
import type { Answer, Answers, Bus } from "#lib/leases/bus";
import { MemoryLeases } from "#lib/leases/memory";
import { MemoryBus } from "#lib/leases/memory-bus";
import { ownerOf } from "#lib/queue/shard";
import type { Incarnation } from "#lib/stream/journal";
import { silentLog as log } from "#lib/telemetry/log";
import { adminAnswer, type ShardCondition } from "#proto/admin";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { incarnation, shard } from "../../test/support/records.ts";
import { clusterStatus } from "./cluster-status.ts";

const [one, two] = [incarnation("w1/a"), incarnation("w2/b")];
const stream = { end: async () => 10 };

let clock: ManualClock;
let leases: MemoryLeases;
let answers: Answers;
const bus: Bus = Object.assign(new MemoryBus({ clock: new ManualClock() }), {
  askAll: async () => answers,
});

beforeEach(() => {
  answers = { answers: [], silent: [] };
  clock = new ManualClock();
  leases = new MemoryLeases({ clock });
});

const status = (shards = 1) => clusterStatus({ shards, leases, stream, bus, log });
const answering = (name: Incarnation, shards: readonly ShardCondition[]): Answer => {
  const value = adminAnswer("shard.status", { shards });
  return { from: name, shards: shards.map((it) => it.shard), value };
};
const conditionOf = (n: number, epoch: number): ShardCondition => {
  return { shard: shard(n), epoch, floor: 9, unsettled: 2, isLeaving: false };
};

describe("clusterStatus()", () => {
  test("of nobody is free shards", async () => {
    expect(await status()).toEqual({
      workers: [],
      shards: [{ shard: shard(0), floor: 0, end: 10, lag: 10, state: "free" }],
    });
  });

  test("tells owners, epochs and how far behind they are", async () => {
    await leases.heartbeat(one, "staying");
    const epoch = await leases.claim(shard(0), one, undefined);
    if (epoch === undefined) throw new Error("nobody else claims");
    await leases.checkpoint(shard(0), epoch, { floor: 7, journals: [] });
    clock.advance(1_500);
    expect(await status()).toEqual({
      workers: [{ name: one, standing: "staying", silentMs: 1_500, shards: 1 }],
      shards: [{ shard: shard(0), owner: one, epoch, floor: 7, end: 10, lag: 3, state: "owned" }],
    });
  });

  test("tells who waits for whom", async () => {
    await leases.heartbeat(one, "leaving");
    await leases.heartbeat(two, "staying");
    await leases.claim(shard(0), one, undefined);
    expect((await status()).shards).toMatchObject([{ state: "moving", waitsFor: two }]);
  });

  test("tells whose owner is gone, and who is to take over", async () => {
    await leases.claim(shard(0), one, undefined);
    await leases.heartbeat(two, "staying");
    expect((await status()).shards).toMatchObject([{ state: "orphaned", waitsFor: two }]);
    expect(ownerOf(shard(0), [two])).toBe(two);
  });

  test("a log that does not answer has no end, and the rest is told", async () => {
    const away = { end: () => Promise.reject(new Error("no leader")) };
    const { shards } = await clusterStatus({ shards: 2, leases, stream: away, bus, log });
    expect(shards).toHaveLength(2);
    expect(shards[0]?.end).toBeUndefined();
  });

  test("tells what only the owner knows: how far it is, and what holds it up", async () => {
    await leases.heartbeat(one, "staying");
    for (const n of [0, 1, 2]) await leases.claim(shard(n), one, undefined);
    const heldUpBy = "the store is away";
    const conditions = [conditionOf(0, 1), { ...conditionOf(1, 1), heldUpBy }];
    answers = { answers: [answering(one, conditions)], silent: [] };
    expect((await status(3)).shards).toMatchObject([
      { state: "owned", floor: 9, lag: 1, unsettled: 2 },
      { state: "heldUp", reason: heldUpBy },
      { state: "takingOver", floor: 0, lag: 10 },
    ]);
  });

  test("an owner that says nothing: who may take over, and when", async () => {
    await leases.heartbeat(one, "staying");
    await leases.claim(shard(0), one, undefined);
    clock.advance(12_000);
    await leases.heartbeat(two, "staying");
    const reason = "it is not connected any more";
    answers = { answers: [], silent: [{ from: one, reason, silentMs: 12_000 }] };
    expect(await status()).toMatchObject({
      workers: [{ name: one, silentMs: 12_000, unanswered: reason }, { name: two }],
      shards: [{ state: "silent", waitsFor: two, waitsMs: 18_000 }],
    });
  });

  test("a worker of an older version cannot say more than its leases", async () => {
    await leases.heartbeat(one, "staying");
    await leases.claim(shard(0), one, undefined);
    answers = { answers: [], silent: [{ from: one, reason: "no such verb" }] };
    expect((await status()).shards).toMatchObject([{ state: "owned", floor: 0 }]);
    answers = { answers: [{ from: one, shards: [], value: { shards: 7 } }], silent: [] };
    expect((await status()).shards).toMatchObject([{ state: "owned", floor: 0 }]);
  });
});
