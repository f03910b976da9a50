import { beforeEach, describe, expect, test } from "bun:test";
import { MemoryLeases } from "#lib/leases/memory";
import { ownerOf } from "#lib/queue/shard";
import { silentLog as log } from "#lib/telemetry/log";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { incarnation, shard } from "../../test/support/records.ts";
import { clusterStatus } from "./cluster-status.ts";

const [one, two] = [incarnation("w1/a"), incarnation("w2/b")];
const stream = { end: async () => 10 };

let clock: ManualClock;
let leases: MemoryLeases;

beforeEach(() => {
  clock = new ManualClock();
  leases = new MemoryLeases({ clock });
});

const status = (shards = 1) => clusterStatus({ shards, leases, stream, log });

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
    const { shards } = await clusterStatus({ shards: 2, leases, stream: away, log });
    expect(shards).toHaveLength(2);
    expect(shards[0]?.end).toBeUndefined();
  });
});
