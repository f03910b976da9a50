import { expect, test } from "bun:test";
import { shard } from "../../../test/support/records.ts";
import { BucketEntries, Buckets } from "./buckets.ts";

const minute = 60_000;
const month = 30 * 24 * 60 * minute;
const life = { goneAt: 10 * month, now: 0 };

function buckets(slotRowsMax = 2) {
  return new Buckets({ shard: shard(1), kind: "wheel", spanMs: 5 * minute, slotRowsMax });
}

test("a bucket fills its slots one after the other, each announced once", () => {
  const wheel = buckets();
  const placed = [0, 1, 2, 3, 4].map((at) => {
    const row = wheel.place(at, life);
    row.entry?.written();
    return row;
  });
  expect(placed.map(({ slot }) => slot)).toEqual([0, 0, 1, 1, 2]);
  expect(placed.map(({ entry }) => entry !== undefined)).toEqual([true, false, true, false, true]);
  expect(wheel.between(0, minute)).toEqual([[0, 3]]);
});

test("a slot whose row was not written is announced again, and one write announces it once", () => {
  const wheel = buckets();
  const entries = new BucketEntries();
  for (const at of [0, 1]) entries.add(wheel.place(at, life).entry);
  expect(entries.write().statements).toHaveLength(1);
});

test("a row that outlives the announcement has it written again", () => {
  const wheel = buckets(9);
  wheel.place(0, life).entry?.written();
  expect(wheel.place(0, life).entry).toBeUndefined();
  expect(wheel.place(0, { ...life, goneAt: 11 * month }).entry).toBeDefined();
});

test("time without rows costs nothing, however long", () => {
  const wheel = buckets();
  wheel.place(minute, life);
  wheel.place(month, life);
  expect(wheel.between(0, 2 * month)).toHaveLength(2);
  wheel.forgetBefore(month);
  expect(wheel.between(0, 2 * month)).toEqual([[month, 1]]);
});

test("a new owner goes on in the last slot that it was told of", () => {
  const wheel = buckets();
  wheel.loaded({ bucket: 0, slot: 4 });
  wheel.loaded({ bucket: 0, slot: 3 });
  expect(wheel.between(0, 0)).toEqual([[0, 5]]);
  expect(wheel.place(0, life)).toMatchObject({ slot: 4 });
});
