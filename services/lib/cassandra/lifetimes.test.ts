import { expect, test } from "bun:test";
import { goneAt, ttlOf } from "./lifetimes.ts";

const day = 86_400_000;

test("a row outlives the unit, and what leads to it outlives the row", () => {
  const [now, expiresAt] = [1_000 * day, 1_005 * day];
  for (const kind of ["content", "backlog", "unit"] as const) {
    expect(goneAt(kind, expiresAt, now)).toBeGreaterThan(expiresAt + day);
  }
});

test("what should have been done long ago is kept from now on", () => {
  const now = 1_000 * day;
  expect(goneAt("wheel", 900 * day, now)).toBe(goneAt("wheel", now, now));
});

test("a lifetime is in whole seconds, never none, and not more than Cassandra takes", () => {
  expect(ttlOf(1_500, 0)).toBe(2);
  expect(ttlOf(0, 5_000)).toBe(1);
  expect(ttlOf(Number.MAX_SAFE_INTEGER, 0)).toBe(630_720_000);
});
