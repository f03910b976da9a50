import { describe, expect, test } from "bun:test";
import { type Random, seededRandom } from "#lib/random";
import { unitOf } from "../../../test/support/queued.ts";
import {
  dueFrom,
  isDelayNotificationDue,
  isScheduled,
  nextAttempt,
  released,
  retryInterval,
} from "./schedule.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const policy = { firstMs: 5 * minute, factor: 2, capMs: 4 * hour };
const noJitter: Random = { next: () => 0.5, below: () => 0, bytes: () => new Uint8Array() };

describe("retryInterval()", () => {
  test.each([
    [1, 5 * minute],
    [2, 10 * minute],
    [3, 20 * minute],
    [6, 160 * minute],
    [7, 4 * hour],
    [8, 4 * hour],
    [5_000, 4 * hour],
  ])("after %i failures is %i ms", (failures, interval) => {
    expect(retryInterval(failures, policy, noJitter)).toBe(interval);
  });

  test("stays within ten per cent, and spreads", () => {
    const random = seededRandom(7);
    const intervals = Array.from({ length: 1_000 }, () => retryInterval(1, policy, random));
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(4.5 * minute);
    expect(Math.max(...intervals)).toBeLessThanOrEqual(5.5 * minute);
    expect(new Set(intervals).size).toBeGreaterThan(900);
  });
});

describe("nextAttempt()", () => {
  const at = (now: number, attempts: number) =>
    nextAttempt({ attempts, expiresAt: 5 * day, now, policy }, noJitter);

  test("follows the schedule", () => {
    expect(at(1_000, 1)).toEqual({ at: 1_000 + 5 * minute });
  });

  test("makes the last attempt just before the lifetime ends", () => {
    expect(at(5 * day - hour, 20)).toEqual({ at: 5 * day - 1_000 });
  });

  test("gives up when there is no time for another", () => {
    expect(at(5 * day - 1_000, 20)).toEqual({ giveUp: true });
    expect(at(6 * day, 1)).toEqual({ giveUp: true });
  });

  test("a destination that is away for good gets some forty attempts in five days", () => {
    let now = 0;
    let attempts = 1;
    for (;;) {
      const next = at(now, attempts);
      if ("giveUp" in next) break;
      now = next.at;
      attempts += 1;
    }
    expect(attempts).toBeGreaterThan(30);
    expect(attempts).toBeLessThan(50);
  });
});

describe("isDelayNotificationDue()", () => {
  test.each([
    ["before its time", { now: 4 * hour - 1, isDelayNotified: false }, false],
    ["at its time", { now: 4 * hour, isDelayNotified: false }, true],
    ["only once", { now: 9 * hour, isDelayNotified: true }, false],
  ])("%s", (_, state, isDue) => {
    const due = isDelayNotificationDue({
      dueFrom: 0,
      delayNotificationMs: 4 * hour,
      ...state,
    });
    expect(due).toBe(isDue);
  });

  test("never, when delays are not told", () => {
    const state = { dueFrom: 0, now: day, delayNotificationMs: 0, isDelayNotified: false };
    expect(isDelayNotificationDue(state)).toBe(false);
  });
});

describe("a unit that is not to be sent yet", () => {
  const now = 20 * day;
  const unit = unitOf({ acceptedAt: now, notBefore: now + day, expiresAt: now + 6 * day });

  test.each([
    ["before its time", now + day - 1, true],
    ["at its time", now + day, false],
  ])("is scheduled: %s", (_, at, isOne) => {
    expect(isScheduled(unit, at)).toBe(isOne);
  });

  test("one without such a time never is", () => {
    expect(isScheduled(unitOf(), 0)).toBe(false);
  });

  test("counts from then, and a time that was over when it came changes nothing", () => {
    expect(dueFrom(unit)).toBe(now + day);
    expect(dueFrom({ acceptedAt: now, notBefore: now - day })).toBe(now);
    expect(dueFrom({ acceptedAt: now })).toBe(now);
  });

  test("has its whole lifetime before it when it is released early", () => {
    const early = released(unit, now + 1);
    expect(early).toEqual({ ...unit, notBefore: now + 1, expiresAt: now + 1 + 5 * day });
    expect(released(early, now + 2)).toBe(early);
    expect(released(unitOf(), now)).toEqual(unitOf());
  });
});
