import { describe, expect, test } from "bun:test";
import { seededRandom } from "./random.ts";
import { NeverHappened, VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
  test("fires timers in the order they are due, ties in the order they were set", async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    for (const [name, delay] of [
      ["c", 20],
      ["a", 10],
      ["b", 10],
      ["d", 30],
    ] as const) {
      clock.after(delay, () => fired.push(`${name}@${clock.monotonic()}`));
    }
    await clock.advance(25);
    expect(fired).toEqual(["a@10", "b@10", "c@20"]);
    expect(clock.monotonic()).toBe(25);
  });

  test("orders thousands of timers, some of them cancelled", async () => {
    const clock = new VirtualClock();
    const random = seededRandom(1);
    const fired: number[] = [];
    let cancelled = 0;
    for (let i = 0; i < 3000; i++) {
      const delay = random.below(500);
      const cancel = clock.after(delay, () => fired.push(delay));
      if (random.below(3) === 0) {
        cancel();
        cancelled++;
      }
    }
    await clock.advance(500);
    expect(fired).toEqual(fired.toSorted((a, b) => a - b));
    expect(fired).toHaveLength(3000 - cancelled);
  });

  test("a timer set by a timer fires in its turn, also with a negative delay", async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(10, () => {
      fired.push("first");
      clock.after(-5, () => fired.push("second"));
    });
    clock.after(10, () => fired.push("beside"));
    await clock.advance(10);
    expect(fired).toEqual(["first", "beside", "second"]);
  });

  test("lets a chain of a hundred promises settle between two timers", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const chain = async () => {
      for (let i = 0; i < 100; i++) await Promise.resolve();
      seen.push("chain");
    };
    clock.after(1, () => void chain());
    clock.after(1, () => seen.push("timer"));
    await clock.advance(1);
    expect(seen).toEqual(["chain", "timer"]);
  });

  test("step() moves the wall clock and leaves spans as they are", async () => {
    const clock = new VirtualClock(1000);
    let firedAt = -1;
    clock.after(100, () => {
      firedAt = clock.monotonic();
    });
    clock.step(-900);
    expect(clock.now()).toBe(100);
    await clock.advance(100);
    expect([firedAt, clock.now(), clock.monotonic()]).toEqual([100, 200, 100]);
  });

  test("runUntil() a time stops at that time", async () => {
    const clock = new VirtualClock(1000);
    await clock.runUntil(1500);
    expect([clock.now(), clock.monotonic()]).toEqual([1500, 500]);
  });

  test("runUntil() a condition stops at the timer that made it true", async () => {
    const clock = new VirtualClock();
    let slept = 0;
    const sleeper = async () => {
      for (;;) {
        await clock.sleep(7);
        slept++;
      }
    };
    void sleeper();
    await clock.runUntil(() => slept === 5);
    expect(clock.monotonic()).toBe(35);
  });

  test("runUntil() a condition rejects when no timer is left", async () => {
    const clock = new VirtualClock();
    await expect(clock.runUntil(() => false)).rejects.toThrow("no timer is left");
  });

  test("runUntil() a condition rejects when the time given is over", async () => {
    const clock = new VirtualClock();
    const again = () => {
      clock.after(10, again);
    };
    again();
    await expect(clock.runUntil(() => false, { withinMs: 100 })).rejects.toThrow(NeverHappened);
  });

  test("sleep() rejects with the reason of its signal", async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const sleeping = clock.sleep(1000, abort.signal).catch(String);
    clock.after(10, () => abort.abort(new Error("stopped")));
    await clock.advance(20);
    expect(await sleeping).toContain("stopped");
    expect(clock.nextDueAt()).toBeUndefined();
  });

  test("an error in a timer reaches whoever lets time pass, and the clock still goes", async () => {
    const clock = new VirtualClock();
    clock.after(1, () => {
      throw new Error("broken");
    });
    await clock.advance(5).then(
      () => expect.unreachable(),
      (error) => expect(String(error)).toContain("broken"),
    );
    await clock.advance(5);
    expect(clock.monotonic()).toBe(6);
  });
});
