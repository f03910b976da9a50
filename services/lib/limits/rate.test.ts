import { describe, expect, test } from "bun:test";
import { parseByteRate, parseRate, printByteRate, printRate, type Rate } from "./rate.ts";

const second = 1_000;
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;

describe("a rate is read and written", () => {
  const cases: [string, Rate][] = [
    ["100/min", { amount: 100, periodMs: minute, burst: 1 }],
    ["5000/h", { amount: 5_000, periodMs: hour, burst: 1 }],
    ["50/d", { amount: 50, periodMs: day, burst: 1 }],
    ["20/s burst 5", { amount: 20, periodMs: second, burst: 5 }],
    ["50/s", { amount: 50, periodMs: second, burst: 5 }],
    ["10/s", { amount: 10, periodMs: second, burst: 2 }],
    ["2/s", { amount: 2, periodMs: second, burst: 2 }],
    ["51/s", { amount: 51, periodMs: second, burst: 6 }],
    ["100/min burst 100", { amount: 100, periodMs: minute, burst: 100 }],
    ["1/s", { amount: 1, periodMs: second, burst: 1 }],
  ];
  test.each(cases)("%s", (text, rate) => {
    expect(parseRate(text)).toEqual({ ok: true, value: rate });
    expect(printRate(rate)).toBe(text);
  });

  test("spaces around do not matter, and a burst that goes without saying is not said", () => {
    const parsed = parseRate(" 100 / min  burst 1 ");
    expect(parsed).toEqual(parseRate("100/min"));
    expect(parsed.ok && printRate(parsed.value)).toBe("100/min");
  });
});

describe("a rate of bytes is read and written", () => {
  const cases: [string, Rate][] = [
    ["1GiB/h", { amount: 1024 ** 3, periodMs: hour, burst: 29_827 }],
    ["50MiB/min burst 25MiB", { amount: 50 * 1024 ** 2, periodMs: minute, burst: 25 * 1024 ** 2 }],
    ["1500B/s burst 3KiB", { amount: 1_500, periodMs: second, burst: 3_072 }],
  ];
  test.each(cases)("%s", (text, rate) => {
    expect(parseByteRate(text)).toEqual({ ok: true, value: rate });
    expect(printByteRate(rate)).toBe(text);
  });
});

describe("what is no rate is refused with a hint", () => {
  const cases: [unknown, string, string][] = [
    ["100/m", '"m" is no period of a rate', "100/min"],
    ["100/minutes", '"minutes" is no period of a rate', "100/min"],
    ["100/Hours", '"Hours" is no period of a rate', "100/h"],
    ["100/S", '"S" is no period of a rate', "100/s"],
    ["100/sec", '"sec" is no period of a rate', "100/s"],
    ["100/week", '"week" is no period of a rate', "s, min, h or d"],
    ["100/5min", '"5min" is no period of a rate', "s, min, h or d"],
    ["100/constructor", '"constructor" is no period of a rate', "s, min, h or d"],
    ["0/min", "a rate of 0 lets nothing through", "hold the destination instead"],
    ["-1/min", '"-1" is not a number', "such as 100/min"],
    ["1.5/s", '"1.5" is not a number', "such as 100/min"],
    ["1_000/s", '"1_000" is not a number', "such as 100/min"],
    ["10/s burst 0", '"0" is no burst', "a number, at least 1: what may come at once"],
    ["10/s burst many", '"many" is no burst', "a number, at least 1: what may come at once"],
    ["10/s burst", '"10/s burst" is no rate', "a number per s, min, h or d, such as 100/min"],
    ["10MiB/s", '"10MiB" is not a number', "such as 100/min"],
    ["100", '"100" is no rate', "a number per s, min, h or d, such as 100/min"],
    ["", '"" is no rate', "a number per s, min, h or d, such as 100/min"],
    [100, "100 is no rate", "a number per s, min, h or d, such as 100/min"],
    [null, "null is no rate", "a number per s, min, h or d, such as 100/min"],
    [
      "1".repeat(80),
      `"${"1".repeat(59)}… is no rate`,
      "a number per s, min, h or d, such as 100/min",
    ],
  ];
  test.each(cases)("%p", (value, message, hint) => {
    expect(parseRate(value)).toEqual({ ok: false, message, hint });
  });

  test("of bytes, too", () => {
    const message = '"50" is not a size in B, KiB, MiB or GiB';
    expect(parseByteRate("50/s")).toEqual({ ok: false, message, hint: "such as 50MiB/min" });
  });
});
