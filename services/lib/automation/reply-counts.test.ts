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
