import { describe, expect, test } from "bun:test";
import { allShards } from "#lib/queue/shard";
import { config, DeliveryBench } from "../../test/support/delivery/delivery-bench.ts";
import { defaultTimings } from "./config.ts";
import type { Worker } from "./worker.ts";

const shards = 16;
const two = { config: { ...config, shards, timings: defaultTimings } };
const settledMs = 12_000;
const shardsOf = (worker: Worker) =>
  worker.owners.map((owner) => owner.shard).sort((a, b) => a - b);

/** A cluster of two, each with its part of the shards. */
async function pair(options: ConstructorParameters<typeof DeliveryBench>[0] = {}) {
  const bench = await new DeliveryBench({ ...two, ...options }).start();
  const other = await bench.join("other/1");
  await bench.clock.advance(settledMs);
  const all = [...shardsOf(bench.worker), ...shardsOf(other)];
  expect(all.sort((a, b) => a - b)).toEqual([...allShards(shards)]);
  return { bench, other };
}

/** Within so long, every shard is the other's. */
async function moves(bench: DeliveryBench, other: Worker, withinMs: number): Promise<void> {
  const stopped = bench.worker.stop();
  await bench.clock.advance(withinMs);
  expect(shardsOf(other)).toEqual([...allShards(shards)]);
  await stopped;
}

describe("the shards of a worker that stops", () => {
  test("are another's at once, by their release and not by a round", async () => {
    const { bench, other } = await pair();
    await moves(bench, other, 0);
    expect(await bench.leases.members()).toMatchObject([{ incarnation: "other/1" }]);
    await other.stop();
  });

  test("are another's in less than a second while a host is slow, and its mail arrives once", async () => {
    const { bench, other } = await pair();
    let isSlow = true;
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") && isSlow ? "nothing" : undefined) };
    const units = await bench.acceptMany(3);
    await bench.clock.advance(2_000);
    isSlow = false;
    await moves(bench, other, 900);
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(units.length);
    for (const unit of units) {
      expect(await bench.story(unit)).toMatchObject([{ disposition: "delivered", attempt: 1 }]);
    }
    const stopped = other.stop();
    await bench.clock.advance(1_000);
    await stopped;
  });

  test("wait for the reply to a final dot, so that nothing arrives twice", async () => {
    const { bench, other } = await pair();
    bench.mx.script = { answer: (c) => (c.startsWith(".") ? "nothing" : undefined) };
    await bench.accept();
    await bench.clock.advance(1_000);
    const { leaver, stayer } = leaverOf(bench, other);
    const sessions = bench.mx.sessionsEver;
    const stopped = leaver.stop();
    await bench.clock.advance(25_000);
    expect(shardsOf(leaver).length).toBe(1);
    expect(shardsOf(stayer).length).toBe(shards - 1);
    expect(bench.mx.sessionsEver).toBe(sessions);
    await bench.clock.advance(10_000);
    await stopped;
    expect(shardsOf(stayer).length).toBe(shards);
  });

  test("come back to it when it has come back, after a while", async () => {
    const { bench, other } = await pair();
    await moves(bench, other, 0);
    await bench.restart();
    await bench.clock.advance(4_000);
    expect(shardsOf(bench.worker)).toEqual([]);
    await bench.clock.advance(settledMs);
    expect(shardsOf(bench.worker).length).toBeGreaterThan(0);
    expect(shardsOf(bench.worker).length + shardsOf(other).length).toBe(shards);
    await Promise.all([bench.worker.stop(), other.stop()]);
  });
});

describe("with the store away", () => {
  test("shards change hands all the same, first attempts go on, and what waits is read later", async () => {
    let isAway = false;
    const before = async () => {
      if (isAway) throw new Error("away");
    };
    const { bench, other } = await pair({ storeFaults: { before, after: async () => {} } });
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "451 4.2.1 Later" : undefined) };
    const late = await bench.accept();
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    isAway = true;
    const { leaver, stayer } = leaverOf(bench, other);
    await bench.clock.advance(1_000);
    const stopped = leaver.stop();
    await bench.clock.advance(0);
    expect(shardsOf(stayer)).toEqual([...allShards(shards)]);
    await stopped;
    for (const name of ["a.example", "b.example", "c.example", "d.example"]) {
      bench.serves(name);
      await bench.acceptMany(1, name);
    }
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(4);
    isAway = false;
    await bench.clock.advance(10 * 60_000);
    expect(await bench.story(late)).toMatchObject([
      { disposition: "deferred" },
      { disposition: "delivered" },
    ]);
    await stayer.stop();
  });
});

describe("with the journal away", () => {
  test("a hand-over ends with the time for it, and the successor seals", async () => {
    let isAway = false;
    const away = async (point: { operation: string }) => {
      if (isAway && point.operation === "append") throw new Error("away");
    };
    const { bench, other } = await pair({ journalFaults: { before: away, after: async () => {} } });
    isAway = true;
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    const { leaver, stayer } = leaverOf(bench, other);
    const stopped = leaver.stop();
    await bench.clock.advance(30_000);
    expect(shardsOf(stayer).length).toBe(shards - 1);
    await bench.clock.advance(10_000);
    await stopped;
    expect(bench.events.map(({ event }) => event)).toContain("hand_over_given_up");
    expect(shardsOf(stayer)).toEqual([...allShards(shards)]);
    isAway = false;
    await bench.clock.advance(5_000);
    // The outcome was never recorded: the mail is attempted once more.
    expect(await bench.story(unit)).toMatchObject([{ disposition: "delivered" }]);
    await stayer.stop();
  });
});

/** The one that has mail is the one that leaves. */
function leaverOf(bench: DeliveryBench, other: Worker) {
  const isBusy = bench.worker.owners.some(({ working }) => working.unitCount > 0);
  return isBusy ? { leaver: bench.worker, stayer: other } : { leaver: other, stayer: bench.worker };
}
