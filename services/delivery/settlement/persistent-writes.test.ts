import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { Tenure } from "../tenure.ts";
import { PersistentWrites } from "./persistent-writes.ts";

function bench() {
  const clock = new VirtualClock();
  const tenure = new Tenure(clock, 22_000);
  const state = { isOver: false };
  const isOver = () => state.isOver;
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const log = { debug() {}, info: note, warn: note, error: note };
  const writes = new PersistentWrites({
    clock,
    tenure,
    isOver,
    log,
    storeRetryMs: 1_000,
  });
  /** So many seconds, with heartbeats. */
  const beating = async (seconds: number) => {
    for (let n = 0; n < seconds; n++) {
      await clock.advance(1_000);
      tenure.heard(clock.monotonic());
    }
  };
  return { clock, tenure, state, writes, events, beating };
}

describe("PersistentWrites", () => {
  test("repeats a write until it is done", async () => {
    const { clock, writes } = bench();
    let calls = 0;
    const done = writes.persist("test", async () => {
      calls += 1;
      if (calls < 3) throw new Error("away");
      return calls;
    });
    await clock.advance(2_000);
    expect(await done).toBe(3);
  });

  test("writes nothing while it is unsure whose the shard is, and goes on when it is sure", async () => {
    const { clock, tenure, writes } = bench();
    let calls = 0;
    await clock.advance(25_000);
    const done = writes.persist("test", async () => {
      calls += 1;
    });
    await clock.advance(2_000);
    expect(calls).toBe(0);
    tenure.heard(clock.monotonic());
    await clock.advance(1_000);
    await done;
    expect(calls).toBe(1);
  });

  test("tells nothing of a write that ended after the shard was lost, and is quiet then", async () => {
    const { clock, state, writes } = bench();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isTold = false;
    void writes
      .persist("test", () => promise)
      .then(() => {
        isTold = true;
      });
    const quiet = writes.quiet();
    state.isOver = true;
    resolve();
    await quiet;
    await clock.advance(10_000);
    expect(isTold).toBe(false);
  });

  test("what is away is asked by one of those who wait, and tells it once", async () => {
    const { clock, writes, events, beating } = bench();
    let isAway = true;
    let calls = 0;
    let done = 0;
    const write = async () => {
      calls += 1;
      if (isAway) throw new Error("away");
      await clock.sleep(10);
    };
    for (let n = 0; n < 2_000; n++) void writes.persist("defer", write).then(() => (done += 1));
    await beating(10);
    calls = 0;
    await beating(60);
    expect(calls).toBeGreaterThan(50);
    expect(calls).toBeLessThanOrEqual(61);
    expect([writes.unfinished, writes.isFailing]).toEqual([2_000, true]);
    isAway = false;
    await clock.advance(2_000);
    expect([done, writes.unfinished, writes.isFailing]).toEqual([2_000, 0, false]);
    expect(events).toEqual(["settlement_waits", "settlement_goes_on"]);
  });

  test("one that always fails does not hold up the others, nor other kinds", async () => {
    const { clock, writes } = bench();
    let done = 0;
    const fail = () => Promise.reject(new Error("too large"));
    void writes.persist("defer", fail);
    for (let n = 0; n < 300; n++) {
      void writes.persist("notify", fail);
      void writes.persist("defer", async () => {}).then(() => (done += 1));
    }
    await clock.advance(5_000);
    expect(done).toBe(300);
  });
});
