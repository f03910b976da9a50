import { expect, test } from "bun:test";
import { eventTime } from "./event-time.ts";

test.each([
  0, 7, 42, 999, 1_000, 1_700_000_000_005, 1_700_000_000_050, 1_700_000_000_500, 1_700_000_000_999,
  -1, 951_782_399_999, 253_402_300_799_999,
])("%i is written as a Date would", (at) => {
  expect(eventTime(at)).toBe(new Date(at).toISOString());
});

test("seconds may alternate, and fractions of a millisecond are left out", () => {
  const [a, b] = [1_700_000_000_123, 1_600_000_000_456];
  expect([eventTime(a), eventTime(b), eventTime(a + 0.75)]).toEqual([
    "2023-11-14T22:13:20.123Z",
    "2020-09-13T12:26:40.456Z",
    "2023-11-14T22:13:20.123Z",
  ]);
});
