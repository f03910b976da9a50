import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { AnswerCache } from "./answer-cache.ts";

describe("AnswerCache", () => {
  test("gives back for as long as it holds, and says how long that is", async () => {
    const clock = new VirtualClock();
    const cache = new AnswerCache<string>(clock, 10);
    cache.put("a", "x", { ttlMs: 1_000, size: 1 });
    await clock.advance(400);
    expect(cache.get("a")).toEqual({ value: "x", leftMs: 600 });
    await clock.advance(600);
    expect(cache.get("a")).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  test("does not mind a clock on the wall that steps", async () => {
    const clock = new VirtualClock();
    const cache = new AnswerCache<string>(clock, 10);
    cache.put("a", "x", { ttlMs: 1_000, size: 1 });
    clock.step(86_400_000);
    expect(cache.get("a")?.leftMs).toBe(1_000);
  });

  test("keeps nothing that holds for no time, nor what is too big for it", () => {
    const cache = new AnswerCache<string>(new VirtualClock(), 10);
    cache.put("a", "x", { ttlMs: 0, size: 1 });
    cache.put("b", "x", { ttlMs: 1_000, size: 11 });
    expect([cache.get("a"), cache.get("b"), cache.size]).toEqual([undefined, undefined, 0]);
  });

  test("what is put again replaces", () => {
    const cache = new AnswerCache<string>(new VirtualClock(), 10);
    cache.put("a", "x", { ttlMs: 1_000, size: 4 });
    cache.put("a", "y", { ttlMs: 2_000, size: 5 });
    expect(cache.get("a")).toEqual({ value: "y", leftMs: 2_000 });
    expect(cache.size).toBe(5);
    cache.put("a", "z", { ttlMs: 0, size: 1 });
    expect(cache.get("a")).toBeUndefined();
  });

  test("drops the least recently used, and as much as is needed", () => {
    const cache = new AnswerCache<string>(new VirtualClock(), 10);
    for (const key of ["a", "b", "c"]) cache.put(key, key, { ttlMs: 1_000, size: 3 });
    cache.get("a");
    cache.put("d", "d", { ttlMs: 1_000, size: 4 });
    const kept = ["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined);
    expect(kept).toEqual(["a", "c", "d"]);
    cache.put("e", "e", { ttlMs: 1_000, size: 9 });
    expect(cache.size).toBe(9);
  });

  test("stays within its bound whatever is put", () => {
    const cache = new AnswerCache<number>(new VirtualClock(), 100);
    for (let i = 0; i < 10_000; i++) {
      cache.put(`k${i % 700}`, i, { ttlMs: 1_000, size: 1 + (i % 7) });
      expect(cache.size).toBeLessThanOrEqual(100);
    }
  });
});
