import { describe, expect, test } from "bun:test";
import { seededRandom, shuffled } from "./random.ts";

describe("shuffled()", () => {
  test("gives the same order for the same seed, on every machine", () => {
    expect(shuffled([1, 2, 3, 4, 5], seededRandom(1))).toEqual([2, 5, 4, 3, 1]);
  });

  test.each([[0], [1], [2], [100]])("keeps each of %p items", (length) => {
    const items = Array.from({ length }, (_, i) => i);
    expect(shuffled(items, seededRandom(2)).sort((a, b) => a - b)).toEqual(items);
  });

  test("leaves what it was given as it is", () => {
    const items = Object.freeze([1, undefined, 3]);
    expect(shuffled(items, seededRandom(3)).toSorted()).toEqual([1, 3, undefined]);
  });
});
