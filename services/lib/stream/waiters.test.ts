import { expect, test } from "bun:test";
import { failureOf } from "../../../test/support/failure.ts";
import { rejectOnAbort, Waiters } from "./waiters.ts";

test("all who wait are woken, and only they", async () => {
  const waiters = new Waiters();
  const both = Promise.all([waiters.wait(), waiters.wait()]);
  waiters.wake();
  await both;
  let isWoken = false;
  void waiters.wait().then(() => {
    isWoken = true;
  });
  await Promise.resolve();
  expect(isWoken).toBe(false);
});

test("a wait ends with the signal's reason", async () => {
  const stop = new AbortController();
  const waiting = rejectOnAbort(new Waiters().wait(), stop.signal);
  stop.abort(new Error("enough"));
  expect(String(await failureOf(waiting))).toContain("enough");
  const late = rejectOnAbort(new Waiters().wait(), stop.signal);
  expect(String(await failureOf(late))).toContain("enough");
});

test("what is there before the signal is given", async () => {
  const { signal } = new AbortController();
  expect(await rejectOnAbort(Promise.resolve(7), signal)).toBe(7);
  const broken = rejectOnAbort(Promise.reject(new Error("broken")), signal);
  expect(String(await failureOf(broken))).toContain("broken");
});
