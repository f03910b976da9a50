import { describe, expect, test } from "bun:test";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { epoch } from "../../../test/support/delivery/delivery-bench.ts";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import { fromLog, type QueuedUnit } from "../shard/queued-unit.ts";
import { SpillQueue } from "./spill-queue.ts";

function unit(n: number): QueuedUnit {
  return fromLog(unitOf({ uid: nthUid(n) }), { sequence: n, content: undefined, since: 0 });
}

const units = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => unit(from + n));

function bench() {
  const clock = new VirtualClock(epoch);
  /** Those on their way to the store, and what ends that. */
  const batches: {
    readonly sequences: readonly number[];
    readonly stored: () => void;
    readonly broken: (error: Error) => void;
  }[] = [];
  const spill = (batch: readonly QueuedUnit[]) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sequences = batch.map(({ origin }) => (origin.kind === "log" ? origin.sequence : 0));
    batches.push({ sequences, stored: resolve, broken: reject });
    return promise;
  };
  const spills = new SpillQueue({ clock, log: silentLog, spill });
  /** True when reading goes on. */
  const isEased = async (afterMs = 0) => {
    let isOver = false;
    void spills.eased().then(() => {
      isOver = true;
    });
    await clock.advance(afterMs);
    return isOver;
  };
  return { clock, spills, batches, isEased };
}

describe("SpillQueue", () => {
  test("a batch that breaks off does not keep those behind it, nor who reads", async () => {
    const { clock, spills, batches, isEased } = bench();
    spills.push(units(1, 2));
    spills.push(units(3, 2));
    batches[0]?.broken(new Error("our own promise is broken"));
    await clock.advance(0);
    expect(batches.map(({ sequences }) => sequences)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    batches[1]?.stored();
    expect(await isEased()).toBe(true);
    spills.push(units(5, 1));
    expect(batches).toHaveLength(3);
  });

  test("one batch after the other, in order", async () => {
    const { clock, spills, batches } = bench();
    spills.push(units(1, 2));
    spills.push(units(3, 600));
    expect(batches.map(({ sequences }) => sequences)).toEqual([[1, 2]]);
    batches[0]?.stored();
    await clock.advance(0);
    batches[1]?.stored();
    await clock.advance(0);
    expect(batches.map(({ sequences }) => sequences.length)).toEqual([2, 500, 100]);
    expect(batches[2]?.sequences.at(0)).toBe(503);
  });

  test("reading waits for a store that gets on", async () => {
    const { spills, batches, isEased } = bench();
    expect(await isEased()).toBe(true);
    spills.push(units(1, 1));
    expect(await isEased(999)).toBe(false);
    batches[0]?.stored();
    expect(await isEased()).toBe(true);
    spills.push(units(2, 1));
    expect(await isEased(999)).toBe(false);
  });

  test("and not for one that does not, until it does again", async () => {
    const { clock, spills, batches, isEased } = bench();
    spills.push(units(1, 1));
    expect(await isEased(1_000)).toBe(true);
    spills.push(units(2, 1));
    expect(await isEased()).toBe(true);
    batches[0]?.stored();
    await clock.advance(0);
    expect(await isEased()).toBe(false);
    batches[1]?.stored();
    await clock.advance(0);
    expect(await isEased()).toBe(true);
  });

  test("those not on their way are taken back", async () => {
    const { clock, spills, batches, isEased } = bench();
    spills.push(units(1, 1));
    spills.push(units(2, 2));
    expect(spills.drain().length).toBe(2);
    batches[0]?.stored();
    await clock.advance(0);
    expect([batches.length, await isEased()]).toEqual([1, true]);
  });
});
