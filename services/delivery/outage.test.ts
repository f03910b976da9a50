/** What a worker does while something that it needs is away (DESIGN §6, §8). */
import { describe, expect, test } from "bun:test";
import type { Uid } from "#lib/queue/unit";
import {
  config,
  DeliveryBench,
  epoch,
  minute,
} from "../../test/support/delivery/delivery-bench.ts";
import { destination, path } from "../../test/support/records.ts";
import { defaultLimits } from "./config.ts";

const roomUnits = 40;
const limits = { ...defaultLimits, shardUnitsMax: roomUnits };
const named = (bench: DeliveryBench, name: string) =>
  bench.events.filter(({ event }) => event === name).length;

function away() {
  const state = { isAway: false };
  const faults = {
    before: async () => {
      if (state.isAway) throw new Error("away");
    },
    after: async () => {},
  };
  return { state, faults };
}

async function hold(bench: DeliveryBench): Promise<void> {
  const held = { destination: destination("example.net"), reason: "moving", since: 0 };
  await bench.store.putHold(held);
  await bench.ask("queue.hold", held);
}

describe("while the store is away", () => {
  test("first attempts go on, what must wait waits in bounds, and then the log is not read", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({
      config: { ...config, limits },
      storeFaults: faults,
    }).start();
    let isBusy = true;
    bench.mx.script = {
      answer: (c) => (isBusy && c.includes("late") ? "451 4.2.1 Later" : undefined),
    };
    state.isAway = true;
    for (let n = 0; n < 30; n++) {
      await bench.accept({ recipients: [{ path: path(`late${n}@example.net`) }] });
      await bench.accept({ recipients: [{ path: path(`user${n}@other.example`) }] });
    }
    await bench.clock.advance(4_000);
    expect(bench.mx.recipients.filter((r) => r.startsWith("user")).length).toBe(30);
    for (let n = 30; n < 60; n++) {
      await bench.accept({ recipients: [{ path: path(`late${n}@example.net`) }] });
    }
    await bench.acceptMany(20, "other.example");
    await bench.clock.advance(10_000);
    // Nothing more comes into memory: the bound, and what was pulled with the last that fitted.
    const [owner] = bench.worker.owners;
    expect(owner?.working.unitCount).toBeGreaterThanOrEqual(roomUnits);
    expect(owner?.working.unitCount).toBeLessThan(roomUnits + 20);
    expect(owner?.settlement.isFailing).toBe(true);
    const told = await bench.ask("shard.status", {});
    expect(told.shards[0]?.heldUpBy).toContain("the store is away, and there is no room");
    expect(named(bench, "shard_stops_reading")).toBe(1);
    expect(named(bench, "settlement_waits")).toBeLessThanOrEqual(2);
    state.isAway = false;
    isBusy = false;
    await bench.clock.advance(20 * 60_000);
    expect(named(bench, "shard_reads_on")).toBeGreaterThanOrEqual(1);
    expect(named(bench, "settlement_goes_on")).toBeGreaterThanOrEqual(1);
    expect(bench.mx.recipients.filter((r) => r.startsWith("late")).length).toBe(60);
    expect(new Set(bench.mx.recipients).size).toBe(bench.mx.recipients.length - 20);
    expect(owner?.working.unitCount).toBe(0);
  });

  test("the log is emptied of what was delivered", async () => {
    const { state, faults } = away();
    const logBytesMax = 40_000;
    const bench = await new DeliveryBench({ storeFaults: faults, logBytesMax }).start();
    await bench.clock.advance(5_000);
    state.isAway = true;
    // All of it is far more than the log takes.
    for (let n = 0; n < 20; n++) {
      await bench.acceptMany(50);
      await bench.clock.advance(10_000);
    }
    expect(bench.mx.taken.length).toBe(1_000);
  });

  test("mail for a destination that is held waits in memory, and other mail is tried", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({
      config: { ...config, limits },
      storeFaults: faults,
    }).start();
    await hold(bench);
    state.isAway = true;
    for (let n = 0; n < 30; n++) {
      await bench.acceptMany(1);
      await bench.acceptMany(1, "other.example");
    }
    await bench.clock.advance(4_000);
    expect(bench.mx.recipients.length).toBe(30);
    const [owner] = bench.worker.owners;
    expect([owner?.floor, owner?.working.unitCount]).toEqual([0, 30]);
    await bench.acceptMany(30);
    await bench.clock.advance(10_000);
    await bench.acceptMany(1, "other.example");
    await bench.clock.advance(10_000);
    expect(owner?.working.unitCount).toBeGreaterThanOrEqual(roomUnits);
    expect(bench.mx.recipients.length).toBe(30);
    state.isAway = false;
    await bench.clock.advance(10_000);
    expect(bench.mx.recipients.length).toBe(31);
    expect([owner?.floor, owner?.working.unitCount]).toEqual([91, 0]);
    expect((await bench.summary("example.net")).destinations[0]?.backlog).toBe(60);
  });

  test("what waits to be spilled is tried when its destination is released", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({ storeFaults: faults }).start();
    await hold(bench);
    state.isAway = true;
    await bench.acceptMany(1);
    await bench.clock.advance(2_000);
    await bench.acceptMany(20);
    await bench.clock.advance(2_000);
    await bench.ask("queue.release", { destination: destination("example.net") });
    await bench.clock.advance(2_000);
    // All but the first, which is on its way to the store.
    expect(bench.mx.recipients.length).toBe(20);
  });

  test("what an open destination has stays ready, however long it waits for a session", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({
      config: { ...config, limits: { ...defaultLimits, sessionsMax: 1 } },
      storeFaults: faults,
    }).start();
    await hold(bench);
    state.isAway = true;
    bench.mx.script = { answer: (c) => (c.includes("user0@other") ? "nothing" : undefined) };
    await bench.acceptMany(1);
    await bench.clock.advance(1_000);
    await bench.acceptMany(10, "other.example");
    await bench.clock.advance(20_000);
    const [owner] = bench.worker.owners;
    expect(owner?.working.known(destination("other.example"))?.readyCount).toBe(9);
  });

  test("what waits to be spilled is left to the next owner, at once", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({ storeFaults: faults }).start();
    await hold(bench);
    state.isAway = true;
    await bench.acceptMany(1);
    await bench.clock.advance(2_000);
    await bench.acceptMany(20);
    await bench.clock.advance(2_000);
    const [owner] = bench.worker.owners;
    expect(owner?.working.unitCount).toBe(21);
    const stopped = bench.worker.stop();
    await bench.clock.advance(0);
    // The first is on its way to the store.
    expect(owner?.working.unitCount).toBe(1);
    state.isAway = false;
    await bench.clock.advance(1_000);
    await stopped;
    await bench.restart();
    await bench.clock.advance(10_000);
    expect((await bench.summary("example.net")).destinations[0]?.backlog).toBe(21);
    expect(bench.mx.recipients).toEqual([]);
  });

  test("what nobody can read waits to be parked, and is left to the next owner", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({ storeFaults: faults }).start();
    state.isAway = true;
    // What no decoder takes.
    await bench.accept({ sizeBytes: 0.5 });
    await bench.accept();
    await bench.clock.advance(1_000);
    expect(bench.mx.recipients).toEqual(["b@example.net"]);
    const [first] = bench.worker.owners;
    const stopped = bench.worker.stop();
    await bench.clock.advance(0);
    await stopped;
    state.isAway = false;
    await bench.restart();
    await bench.clock.advance(20_000);
    expect(first?.floor).toBe(0);
    expect(bench.worker.owners[0]?.floor).toBe(2);
    expect(named(bench, "unit_parked")).toBe(1);
    expect(bench.mx.recipients.length).toBe(1);
  });
});

describe("while the journal is away", () => {
  test("so long that it would be repeated, nothing new is tried; then all is, and nothing twice", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({ journalFaults: faults }).start();
    state.isAway = true;
    await bench.acceptMany(3);
    await bench.clock.advance(2_000);
    expect(bench.mx.taken.length).toBe(3);
    const late: Uid[] = [];
    for (let n = 0; n < 10; n++) {
      late.push(...(await bench.acceptMany(5)).map(({ uid }) => uid));
      await bench.clock.advance(1_000);
    }
    // What whoever took over now would deliver again.
    expect(bench.mx.taken.length).toBe(3);
    const told = await bench.ask("shard.status", {});
    expect(told.shards[0]?.heldUpBy).toContain("the journal does not answer");
    // Nothing is moved to the store for that.
    expect(await bench.store.find(late)).toEqual(new Map());
    const [owner] = bench.worker.owners;
    state.isAway = false;
    await bench.clock.advance(20_000);
    expect(bench.mx.taken.length).toBe(53);
    expect([owner?.floor, owner?.isJournalAway]).toEqual([53, false]);
    expect([named(bench, "journal_waits"), named(bench, "journal_goes_on")]).toEqual([1, 1]);
  });

  test("nothing is settled nor purged, and it goes on where it was", async () => {
    const { state, faults } = away();
    const bench = await new DeliveryBench({
      config: { ...config, limits },
      journalFaults: faults,
    }).start();
    state.isAway = true;
    const units = await bench.acceptMany(100);
    await bench.clock.advance(20_000);
    const [owner] = bench.worker.owners;
    expect(owner?.floor).toBe(0);
    expect(bench.mx.taken.length).toBeLessThan(roomUnits + 20);
    state.isAway = false;
    await bench.clock.advance(20_000);
    expect(bench.mx.taken.length).toBe(units.length);
    expect(owner?.floor).toBe(units.length);
  });
});

describe("while it is in doubt whether a destination is there", () => {
  test("what failed is tried again when nobody is left who would tell", async () => {
    const bench = await new DeliveryBench().start();
    const [slow, broken] = [path("slow@example.net"), path("broken@example.net")];
    let isBad = true;
    bench.mx.script = {
      extensions: ["8BITMIME"],
      answer: (c) => {
        if (!isBad || !c.startsWith("RCPT")) return undefined;
        if (c.includes("slow")) return "nothing";
        return c.includes("broken") ? "close" : undefined;
      },
    };
    await bench.accept({ recipients: [{ path: slow }] });
    await bench.clock.advance(10);
    await bench.accept();
    await bench.clock.advance(10);
    await bench.accept({ recipients: [{ path: broken }] });
    await bench.clock.advance(10);
    expect(bench.mx.recipients).toHaveLength(1);
    isBad = false;
    // The slow one runs out of its time: it began before somebody had success, and says little.
    await bench.clock.advance(30 * minute);
    expect(bench.mx.recipients.toSorted()).toEqual([
      "b@example.net",
      "broken@example.net",
      "slow@example.net",
    ]);
  });

  test("what failed waits for its own time, though another had success behind it", async () => {
    const bench = await new DeliveryBench().start();
    bench.latencyMs = 50;
    const triedAt: number[] = [];
    bench.mx.script = {
      answer: (c) => {
        if (!c.startsWith("RCPT") || !c.includes("poison")) return undefined;
        triedAt.push(bench.clock.now() - epoch);
        return "close";
      },
    };
    const unit = await bench.accept({ recipients: [{ path: path("poison@example.net") }] });
    await bench.clock.advance(100);
    await bench.acceptMany(1);
    await bench.clock.advance(4 * minute);
    expect(bench.mx.taken).toHaveLength(1);
    expect(triedAt).toHaveLength(1);
    // RFC 5321 §4.5.4.1: a retry is delayed; and its sender's systems are told until when.
    const [first] = await bench.story(unit);
    expect(first?.nextAttemptAt).toBeGreaterThan(epoch + 4 * minute);
    await bench.clock.advance(2 * minute);
    expect(triedAt).toHaveLength(2);
  });

  test("a message at which its host breaks off does not end all the sessions that wait", async () => {
    const bench = await new DeliveryBench().start();
    bench.latencyMs = 50;
    let tries = 0;
    bench.mx.script = {
      extensions: ["8BITMIME"],
      answer: (c) => {
        if (!c.startsWith("RCPT") || !c.includes("poison")) return undefined;
        tries += 1;
        return "close";
      },
    };
    for (let n = 0; n < 300; n++) {
      await bench.acceptMany(3);
      if (n === 50) await bench.accept({ recipients: [{ path: path("poison@example.net") }] });
      await bench.clock.advance(100);
    }
    expect(bench.mx.taken.length).toBeGreaterThan(800);
    // Over a session that waited, and afresh.
    expect(tries).toBe(2);
  });
});
