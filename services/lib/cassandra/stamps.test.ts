import { expect, test } from "bun:test";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { Stamps } from "./stamps.ts";

const second = 1_000_000;

test("stamps are the time, and rise within a microsecond", () => {
  const clock = new ManualClock(1_000_000);
  const stamps = new Stamps(clock, 0);
  stamps.granted(stamps.wanted());
  const first = stamps.next();
  expect(stamps.next()).toBe(first + 1);
  clock.advance(5);
  expect(stamps.next()).toBe(1_000_005_000);
});

test("an owner whose clock is behind begins above all that its predecessor may have used", () => {
  const ahead = new Stamps(new ManualClock(10_000_000), 0);
  const high = ahead.wanted();
  ahead.granted(high);
  const last = ahead.next();
  const behind = new Stamps(new ManualClock(1_000), high);
  expect(behind.next()).toBeGreaterThan(last);
  expect(behind.next()).toBeGreaterThan(high);
});

test("they never pass what was recorded, however far the clock steps", () => {
  const clock = new ManualClock(1_000_000);
  const stamps = new Stamps(clock, 0);
  const high = stamps.wanted();
  stamps.granted(high);
  expect(stamps.mustBeRenewed).toBe(false);
  clock.step(86_400_000);
  expect(stamps.mustBeRenewed).toBe(true);
  expect(stamps.next()).toBeLessThanOrEqual(high);
});

test("what may be used is recorded anew long before it is used up", () => {
  const clock = new ManualClock(1_000_000);
  const stamps = new Stamps(clock, 0);
  const high = stamps.wanted();
  expect(stamps.mustBeRenewed).toBe(true);
  stamps.granted(high);
  clock.advance(240_000);
  expect(stamps.mustBeRenewed).toBe(false);
  clock.advance(90_000);
  expect(stamps.mustBeRenewed).toBe(true);
  expect(high - stamps.next()).toBeGreaterThan(60 * second);
});
