import { describe, expect, test } from "bun:test";
import { ShardProgress } from "./progress.ts";

describe("ShardProgress", () => {
  test("replay begins before the first record that settled something above the floor", () => {
    const progress = new ShardProgress(0);
    for (const sequence of [1, 2, 3]) progress.read(sequence);
    progress.through(3);
    expect(progress.replayFrom(9)).toBe(9);
    progress.settled(2, 10);
    progress.settled(3, 11);
    expect([progress.floor, progress.replayFrom(11)]).toEqual([0, 9]);
    progress.settled(1, 12);
    expect([progress.floor, progress.replayFrom(12)]).toEqual([3, 12]);
  });

  test("what an earlier owner settled raises the floor, and needs none of our records", () => {
    const progress = new ShardProgress(5);
    for (const sequence of [6, 7]) progress.read(sequence);
    progress.through(7);
    progress.settledBefore(6);
    expect([progress.floor, progress.replayFrom(0), progress.unsettledCount]).toEqual([6, 0, 1]);
  });
});
