import { expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { Tenure } from "./tenure.ts";

test("a tenure is sure after a heartbeat, unsure after silence, and sure again", async () => {
  const clock = new VirtualClock();
  const tenure = new Tenure(clock, 22_000);
  await clock.advance(22_000);
  expect([tenure.isSure, tenure.isExpired]).toEqual([false, false]);
  tenure.heard(clock.monotonic());
  expect(tenure.isSure).toBe(true);
});

test("a heartbeat counts from when it was sent", async () => {
  const clock = new VirtualClock();
  const tenure = new Tenure(clock, 22_000);
  const sentAt = clock.monotonic();
  await clock.advance(21_000);
  tenure.heard(sentAt);
  await clock.advance(1_000);
  expect(tenure.isSure).toBe(false);
});

test("an expired tenure stays expired, whatever is heard later", async () => {
  const clock = new VirtualClock();
  const tenure = new Tenure(clock, 22_000);
  await clock.advance(30_000);
  tenure.heard(clock.monotonic());
  expect([tenure.isSure, tenure.isExpired]).toEqual([false, true]);
});
