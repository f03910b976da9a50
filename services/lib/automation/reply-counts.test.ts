import { describe, expect, test } from "bun:test";
import { ReplyCounts } from "./reply-counts.ts";

const minute = 60_000;
const trigger = { count: 3, windowMs: 10 * minute };

describe("a count in a window", () => {
  test("is reached by as many as it wants, within the window", () => {
    const counts = new ReplyCounts();
    const heard = [0, 5, 9].map((at) => counts.hear("a", trigger, at * minute));
    expect(heard).toEqual([false, false, true]);
  });

  test("forgets what is older than the window", () => {
    const counts = new ReplyCounts();
    const heard = [0, 5, 10, 14].map((at) => counts.hear("a", trigger, at * minute));
    expect(heard).toEqual([false, false, false, true]);
  });

  test("begins at nought again when it was reached", () => {
    const counts = new ReplyCounts();
    const heard = [0, 1, 2, 3, 4, 5].map((at) => counts.hear("a", trigger, at * minute));
    expect(heard).toEqual([false, false, true, false, false, true]);
    expect(counts.size).toBe(0);
  });

  test("is of each key by itself", () => {
    const counts = new ReplyCounts();
    const heard = ["a", "b", "a", "b", "a"].map((key, at) => counts.hear(key, trigger, at));
    expect(heard).toEqual([false, false, false, false, true]);
  });

  test("of one is reached at once", () => {
    expect(new ReplyCounts().hear("a", { count: 1, windowMs: 1 }, 0)).toBe(true);
  });
});

describe("what others heard", () => {
  test("counts, but for the last one that is wanted, which is heard here", () => {
    const counts = new ReplyCounts();
    counts.add("a", trigger, { count: 9, now: 0 });
    expect(counts.size).toBe(2);
    expect(counts.hear("a", trigger, 1)).toBe(true);
    expect(counts.size).toBe(0);
  });

  test("does not go short for what is older than the window", () => {
    const counts = new ReplyCounts();
    for (let n = 0; n < 2; n++) counts.hear("a", trigger, 0);
    counts.add("a", trigger, { count: 2, now: 20 * minute });
    expect(counts.hear("a", trigger, 21 * minute)).toBe(true);
  });

  test("is forgotten as its own is, and when it was for nothing", () => {
    const counts = new ReplyCounts();
    counts.add("a", trigger, { count: 1, now: 0 });
    counts.add("b", trigger, { count: 1, now: 0 });
    expect([0, 11].map((at) => counts.hear("a", trigger, at * minute))).toEqual([false, false]);
    counts.drop("b");
    counts.drop("b");
    expect(counts.size).toBe(1);
  });
});

test("memory is bounded: whose count was touched longest ago is forgotten", () => {
  const counts = new ReplyCounts(4);
  for (const key of ["a", "b", "a", "c", "d"]) counts.hear(key, trigger, 0);
  expect(counts.size).toBe(4);
  expect(counts.hear("a", trigger, 1)).toBe(true);
  expect(counts.hear("b", trigger, 1)).toBe(false);
  expect(counts.hear("b", trigger, 1)).toBe(false);
});

test("a million keys take no more than the bound", () => {
  const counts = new ReplyCounts(1_000);
  for (let n = 0; n < 1_000_000; n++) counts.hear(`key ${n}`, trigger, n);
  expect(counts.size).toBe(1_000);
});
