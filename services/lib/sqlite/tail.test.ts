import { expect, test } from "bun:test";
import type { Uid } from "#lib/queue/unit";
import { Tail } from "./tail.ts";

const wide = { countMax: 100, bytesMax: 1_000_000 };
const entry = (sequence: number, bytes = 10) => ({
  sequence,
  uid: `01ARZ3NDEKTSV4RRFFQ69G5FAV.${sequence}` as Uid,
  record: new Uint8Array(bytes),
});
const sequences = (entries: readonly { readonly sequence: number }[] | undefined) =>
  entries?.map((e) => e.sequence);

test("a tail that follows nobody keeps nothing", () => {
  const tail = new Tail(1_000);
  tail.append(entry(1));
  expect(tail.take(0, wide)).toBeUndefined();
});

test("who has read to the end gets what comes from memory, each entry once", () => {
  const tail = new Tail(1_000);
  tail.follow(5);
  expect(tail.take(4, wide)).toBeUndefined();
  expect(tail.take(5, wide)).toEqual([]);
  for (const n of [6, 7, 8]) tail.append(entry(n));
  expect(sequences(tail.take(5, { countMax: 2, bytesMax: 1_000 }))).toEqual([6, 7]);
  expect(sequences(tail.take(7, { countMax: 9, bytesMax: 1 }))).toEqual([8]);
  expect(tail.take(8, wide)).toEqual([]);
});

test("an end that is older than the newest entry is no end", () => {
  const tail = new Tail(1_000);
  tail.append(entry(6));
  tail.follow(5);
  expect(tail.take(5, wide)).toBeUndefined();
});

test("an entry that the disk gave already is not given again", () => {
  const tail = new Tail(1_000);
  tail.follow(6);
  tail.append(entry(6));
  tail.append(entry(7));
  expect(sequences(tail.take(6, wide))).toEqual([7]);
});

test("more than fits sends the reader back to the disk", () => {
  const tail = new Tail(25);
  tail.follow(0);
  for (const n of [1, 2, 3]) tail.append(entry(n));
  expect(tail.take(0, wide)).toBeUndefined();
  tail.follow(3);
  tail.append(entry(4));
  expect(sequences(tail.take(3, wide))).toEqual([4]);
});

test("who waits is woken by an entry, kept or not", async () => {
  const tail = new Tail(1_000);
  const woken = tail.appended.wait();
  tail.append(entry(1));
  expect(await woken).toBeUndefined();
});
