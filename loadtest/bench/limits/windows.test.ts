import { describe, expect, test } from "bun:test";
import { between, jitterMs, mostWithin, perSecond } from "./windows.ts";

const everyTen = Array.from({ length: 500 }, (_, n) => n * 10);

describe("mostWithin()", () => {
  test.each([
    { times: [], windowMs: 1_000, most: 0 },
    { times: [5], windowMs: 1_000, most: 1 },
    { times: everyTen, windowMs: 1_000, most: 101 },
    { times: [0, 900, 950, 1_899, 1_901, 5_000], windowMs: 1_000, most: 3 },
  ])("of $times.length in $windowMs ms is $most", ({ times, windowMs, most }) => {
    expect(mostWithin(times, windowMs)).toBe(most);
  });
});

describe("jitterMs()", () => {
  const pace = { intervalMs: 10, burst: 3 };
  test.each([
    { what: "an even pace", times: everyTen, jitter: 0 },
    { what: "a burst", times: [0, 0, 0, 10, 20], jitter: 0 },
    { what: "one too early by 4", times: [0, 0, 0, 6, 20], jitter: 4 },
    { what: "one too many at once", times: [0, 0, 0, 0], jitter: 10 },
    {
      what: "two bursts with nothing between them to pay for",
      times: [0, 0, 0, 15, 15, 15],
      jitter: 15,
    },
  ])("of $what is $jitter", ({ times, jitter }) => {
    expect(jitterMs(times, pace)).toBe(jitter);
  });
});

test("perSecond() counts whole seconds only", () => {
  expect(perSecond([99, 100, 150, 1_099, 1_100, 3_200], 100, 3_400)).toEqual([3, 1, 0]);
});

test("between() has its beginning, and not its end", () => {
  expect(between([1, 2, 3, 4], 2, 4)).toEqual([2, 3]);
});
