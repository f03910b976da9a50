import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { type Alarmed, Alarms } from "./alarms.ts";

interface Noted extends Alarmed {
  readonly fired: number[];
}

function noted(clock: ManualClock): Noted {
  const fired: number[] = [];
  return { place: -1, dueAt: 0, fired, due: () => void fired.push(clock.monotonic()) };
}

describe("alarms", () => {
  test("fire at their time, in the order of their times, with one timer", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const random = seededRandom(7);
    const items = Array.from({ length: 500 }, () => ({
      at: random.below(10_000),
      of: noted(clock),
    }));
    for (const { at, of } of items) alarms.set(of, at);
    expect(clock.timers).toBe(1);
    clock.advance(10_000);
    expect(items.map(({ of }) => of.fired)).toEqual(items.map(({ at }) => [at]));
    expect(clock.timers).toBe(0);
  });

  test("have the last time that they were set to, sooner or later, or none", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const random = seededRandom(8);
    const items = Array.from({ length: 300 }, () => noted(clock));
    const times = items.map(() => 0);
    for (let n = 0; n < 3_000; n++) {
      const which = random.below(items.length);
      const at = random.next() < 0.1 ? Number.POSITIVE_INFINITY : 1 + random.below(5_000);
      times[which] = at;
      alarms.set(items[which] ?? noted(clock), at);
    }
    clock.advance(5_000);
    const expected = times.map((at) => (at === 0 || at === Number.POSITIVE_INFINITY ? [] : [at]));
    expect(items.map(({ fired }) => fired)).toEqual(expected);
    expect(alarms.size).toBe(0);
  });

  test("are never early, though timers know whole milliseconds only", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const item = noted(clock);
    alarms.set(item, 0.4);
    clock.advance(1);
    expect(item.fired).toEqual([1]);
  });

  test("may set themselves again, and then wait for the next timer", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    let times = 0;
    const item: Alarmed = {
      place: -1,
      dueAt: 0,
      due: () => {
        times += 1;
        if (times < 5) alarms.set(item, clock.monotonic());
      },
    };
    alarms.set(item, 10);
    clock.advance(10);
    expect(times).toBe(5);
  });

  test("go on when one of them fails", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const [failing, next] = [noted(clock), noted(clock)];
    failing.due = () => {
      throw new Error("a broken promise");
    };
    alarms.set(failing, 10);
    alarms.set(next, 10);
    expect(() => clock.advance(20)).toThrow("a broken promise");
    clock.advance(20);
    expect(next.fired).toHaveLength(1);
  });

  test("are all over when they are stopped", () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock);
    const item = noted(clock);
    alarms.set(item, 10);
    alarms.stop();
    clock.advance(20);
    expect(item.fired).toEqual([]);
    alarms.set(item, 30);
    clock.advance(20);
    expect(item.fired).toEqual([30]);
  });
});
