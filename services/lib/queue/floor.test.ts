import { describe, expect, test } from "bun:test";
import { seededRandom, shuffled } from "#lib/random";
import { FloorTracker } from "./floor.ts";

describe("FloorTracker", () => {
  test("rises over what is settled without a gap", () => {
    const floor = new FloorTracker(10);
    for (const sequence of [11, 12, 15]) floor.read(sequence);
    floor.through(15);
    expect(floor.floor).toBe(10);
    floor.settled(12);
    expect(floor.floor).toBe(10);
    floor.settled(11);
    expect(floor.floor).toBe(14);
    floor.settled(15);
    expect(floor.floor).toBe(15);
    expect(floor.unsettledCount).toBe(0);
  });

  test("does not rise over what was not read yet", () => {
    const floor = new FloorTracker(0);
    floor.read(5);
    floor.settled(5);
    expect(floor.floor).toBe(0);
    floor.through(4);
    expect(floor.floor).toBe(4);
    floor.through(9);
    expect(floor.floor).toBe(9);
  });

  test("settling twice, or what was never read, changes nothing", () => {
    const floor = new FloorTracker(0);
    floor.read(1);
    floor.read(2);
    floor.through(2);
    floor.settled(2);
    floor.settled(2);
    floor.settled(7);
    expect(floor.floor).toBe(0);
    expect(floor.read(1)).toBe(false);
    floor.settled(1);
    expect(floor.floor).toBe(2);
  });

  test("lanes may be read one ahead of the other", () => {
    const floor = new FloorTracker(0);
    for (const sequence of [4, 9, 1, 2]) floor.read(sequence);
    floor.through(2);
    for (const sequence of [1, 2, 9]) floor.settled(sequence);
    expect(floor.floor).toBe(2);
    floor.read(3);
    floor.through(9);
    expect(floor.floor).toBe(2);
    floor.settled(3);
    expect(floor.floor).toBe(3);
    floor.settled(4);
    expect(floor.floor).toBe(9);
  });

  test("one that stays unsettled does not make it remember all behind", () => {
    const floor = new FloorTracker(0);
    floor.read(1);
    for (let sequence = 2; sequence <= 200_000; sequence++) {
      floor.read(sequence);
      floor.through(sequence);
      floor.settled(sequence);
    }
    expect(floor.floor).toBe(0);
    expect(floor.rememberedCount).toBeLessThan(2_000);
    floor.settled(1);
    expect(floor.floor).toBe(200_000);
  });

  test("does not take an entry for new that it has had, even when nothing is left of it", () => {
    const floor = new FloorTracker(0);
    floor.read(5);
    floor.settled(5);
    floor.read(5);
    expect(floor.unsettledCount).toBe(0);
    floor.through(5);
    expect(floor.floor).toBe(5);
  });

  test("agrees with the obvious definition under any order of settling", () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = seededRandom(seed);
      const floor = new FloorTracker(0);
      const sequences: number[] = [];
      let at = 0;
      for (let i = 0; i < 2_000; i++) {
        at += 1 + random.below(3);
        sequences.push(at);
        floor.read(at);
      }
      floor.through(at);
      const open = new Set(sequences);
      for (const sequence of shuffled(sequences, random).slice(0, 1_990)) {
        floor.settled(sequence);
        open.delete(sequence);
      }
      expect(floor.floor).toBe(Math.min(...open) - 1);
      expect(floor.unsettledCount).toBe(open.size);
    }
  });
});
