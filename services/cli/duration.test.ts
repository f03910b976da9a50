import { expect, test } from "bun:test";
import { sizeText, spanText, timeText, untilText } from "./duration.ts";

test.each([
  [0, "0s"],
  [-5, "0s"],
  [400, "0s"],
  [12_000, "12s"],
  [60_000, "1m"],
  [61_000, "1m1s"],
  [3_600_000, "1h"],
  [3_601_000, "1h"],
  [5_400_000, "1h30m"],
  [180_000_000, "2d2h"],
  [432_000_000, "5d"],
])("spanText(%p) is %p", (spanMs, text) => {
  expect(spanText(spanMs)).toBe(text);
});

test.each([
  [1_000, "now"],
  [2_000, "now"],
  [302_000, "in 5m"],
])("untilText(%p) at 2,000 is %p", (at, text) => {
  expect(untilText(at, 2_000)).toBe(text);
});

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [4_096, "4.0 KiB"],
  [15_000, "15 KiB"],
  [26_214_400, "25 MiB"],
  [2_147_483_648, "2.0 GiB"],
])("sizeText(%p) is %p", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test("timeText() is in UTC", () => {
  expect(timeText(1_795_000_000_000)).toBe("2026-11-18 11:06:40");
});
