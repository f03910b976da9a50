import { describe, expect, test } from "bun:test";
import { Deadlines, type HasDeadline } from "./deadlines.ts";
import { VirtualClock } from "./virtual-clock.ts";

function watched(deadlines: Deadlines, deadline: number) {
  const item = {
    deadline,
    times: 0,
    expired() {
      item.times += 1;
    },
  };
  deadlines.watch(item);
  return item;
}

describe("Deadlines", () => {
  test.each([
    [0, 1_000],
    [1, 1_000],
    [1_000, 1_000],
    [1_001, 2_000],
    [59_500, 60_000],
  ])("what is due at %i ms expires at %i ms, by the next tick", async (deadline, at) => {
    const clock = new VirtualClock();
    const item = watched(new Deadlines(clock), clock.monotonic() + deadline);
    await clock.advance(at - 1);
    expect(item.times).toBe(0);
    await clock.advance(1);
    expect(item.times).toBe(1);
  });

  test("expire once, and again when set anew", async () => {
    const clock = new VirtualClock();
    const item = watched(new Deadlines(clock), clock.monotonic() + 500);
    await clock.advance(10_000);
    expect(item.times).toBe(1);
    item.deadline = clock.monotonic() + 500;
    await clock.advance(1_000);
    expect(item.times).toBe(2);
  });

  test("a deadline that moves on does not expire", async () => {
    const clock = new VirtualClock();
    const item = watched(new Deadlines(clock), clock.monotonic() + 1_500);
    await clock.advance(1_000);
    item.deadline = clock.monotonic() + 5_000;
    await clock.advance(4_000);
    expect(item.times).toBe(0);
  });

  test("what is forgotten does not expire, and the timer goes with the last one", async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const item = watched(deadlines, clock.monotonic() + 500);
    expect(clock.nextDueAt()).toBeDefined();
    deadlines.forget(item);
    deadlines.forget(item);
    expect(clock.nextDueAt()).toBeUndefined();
    await clock.advance(5_000);
    expect(item.times).toBe(0);
    expect(deadlines.size).toBe(0);
  });

  test("ten thousand cost one timer", async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const items = Array.from({ length: 10_000 }, () => watched(deadlines, Infinity));
    expect(deadlines.size).toBe(10_000);
    await clock.advance(1_000);
    for (const item of items) deadlines.forget(item);
    expect(clock.nextDueAt()).toBeUndefined();
  });

  test("one that forgets itself when it expires leaves the others", async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const item: HasDeadline = {
      deadline: clock.monotonic() + 1,
      expired: () => deadlines.forget(item),
    };
    deadlines.watch(item);
    const other = watched(deadlines, clock.monotonic() + 1_500);
    await clock.advance(2_000);
    expect(other.times).toBe(1);
  });

  test("a tick must take time", () => {
    expect(() => new Deadlines(new VirtualClock(), 0)).toThrow("a tick must take time");
  });
});
