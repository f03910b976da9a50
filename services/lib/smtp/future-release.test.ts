import { describe, expect, test } from "bun:test";
import { futureReleaseKeyword, heldFor, heldUntil } from "./future-release.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 10, 29, 12, 0, 0, 250);
const release = { now, msMax: 30 * day };

test("futureReleaseKeyword() tells both limits", () => {
  expect(futureReleaseKeyword(release)).toBe("FUTURERELEASE 2592000 2026-12-29T12:00:00Z");
});

describe("heldFor()", () => {
  test.each([
    ["1", now + 1_000],
    ["86400", now + day],
    ["2592000", now + 30 * day],
    ["2592001", undefined],
    ["999999999", undefined],
    ["1000000000", undefined],
    ["0", undefined],
    ["060", undefined],
    ["-60", undefined],
    ["1.5", undefined],
    ["1h", undefined],
    ["", undefined],
  ])("%p", (value, at) => {
    expect(heldFor(value, release)).toBe(at);
  });
});

describe("heldUntil()", () => {
  test.each([
    ["2026-12-24T18:00:00Z", Date.UTC(2026, 11, 24, 18)],
    ["2026-12-24T18:00:00+01:00", Date.UTC(2026, 11, 24, 17)],
    ["2026-12-29T12:00:00Z", Date.UTC(2026, 11, 29, 12)],
    ["2026-12-29T12:00:01Z", undefined],
    ["2020-01-01T00:00:00Z", Date.UTC(2020, 0, 1)],
    ["tomorrow", undefined],
    ["", undefined],
  ])("%p", (value, at) => {
    expect(heldUntil(value, release)).toBe(at);
  });
});
