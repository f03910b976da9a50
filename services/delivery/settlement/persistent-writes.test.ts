import { describe, expect, test } from "bun:test";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { Tenure } from "../tenure.ts";
import { PersistentWrites } from "./persistent-writes.ts";

function bench() {
  const clock = new VirtualClock();
  const tenure = new Tenure(clock, 22_000);
  const state = { isOver: false };
  const isOver = () => state.isOver;
  const writes = new PersistentWrites({
    clock,
    tenure,
    isOver,
    log: silentLog,
    storeRetryMs: 1_000,
  });
  return { clock, tenure, state, writes };
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
});
