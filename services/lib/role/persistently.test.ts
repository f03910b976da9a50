import { expect, test } from "bun:test";
import { failureOf } from "../../../test/support/failure.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { persistently } from "./persistently.ts";

const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

test("it is tried until it works, and each failure is told", async () => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  let tries = 0;
  const act = async () => {
    tries += 1;
    if (tries < 3) throw new Error(`try ${tries}`);
    return "done";
  };
  const { signal } = new AbortController();
  const result = persistently(act, { clock, signal, onFailed: (e) => told.push(String(e)) });
  for (let i = 0; i < 2; i++) {
    await settled();
    clock.advance(2_000);
  }
  expect(await result).toBe("done");
  expect(told).toEqual(["Error: try 1", "Error: try 2"]);
});

test("what waiting cannot mend ends it", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const onFailed = (error: unknown) => {
    throw error;
  };
  const act = () => Promise.reject(new Error("differs"));
  const failure = await failureOf(persistently(act, { clock, signal, onFailed }));
  expect(String(failure)).toContain("differs");
});

test("a signal ends the waiting", async () => {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const act = () => Promise.reject(new Error("away"));
  const result = persistently(act, { clock, signal: stopping.signal, onFailed: () => {} });
  await settled();
  stopping.abort(new Error("the process stops"));
  expect(String(await failureOf(result))).toContain("the process stops");
});
