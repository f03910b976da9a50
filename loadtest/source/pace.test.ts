import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { Pace } from "./pace.ts";

describe("Pace", () => {
  test("without a rate it is everybody's turn", () => {
    const turns: (number | undefined)[] = [];
    const pace = new Pace(new ManualClock(), undefined);
    pace.start();
    for (let i = 0; i < 3; i++) pace.next((dueAt) => turns.push(dueAt));
    expect(turns).toEqual([undefined, undefined, undefined]);
  });

  test("at a rate each waits until it is due; the time due does not slip", () => {
    const clock = new ManualClock();
    const turns: (number | undefined)[] = [];
    const pace = new Pace(clock, 100);
    pace.start();
    for (let i = 0; i < 4; i++) pace.next((dueAt) => turns.push(dueAt));
    expect(turns).toEqual([0]);
    clock.advance(10);
    expect(turns).toEqual([0, 10]);
    clock.advance(25);
    expect(turns).toEqual([0, 10, 20, 30]);
    expect(clock.timers).toBe(0);
    clock.advance(100);
    pace.next((dueAt) => turns.push(dueAt));
    expect(turns.at(-1)).toBe(40);
  });

  test("a turn that was not used is given to the next", () => {
    const turns: (number | undefined)[] = [];
    const pace = new Pace(new ManualClock(), 100);
    pace.start();
    pace.next(() => pace.giveBack());
    pace.next((dueAt) => turns.push(dueAt));
    expect(turns).toEqual([0]);
  });

  test("the end wakes those who wait", () => {
    const clock = new ManualClock();
    const turns: (number | undefined)[] = [];
    const pace = new Pace(clock, 1);
    pace.start();
    for (let i = 0; i < 3; i++) pace.next((dueAt) => turns.push(dueAt));
    pace.stop();
    expect(turns).toEqual([0, undefined, undefined]);
    expect(clock.timers).toBe(0);
  });
});
