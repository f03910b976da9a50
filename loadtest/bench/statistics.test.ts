import { expect, test } from "bun:test";
import { medianOf, spreadOf } from "./statistics.ts";

test.each([
  [[3], { median: 3, least: 3, most: 3 }],
  [[3, 1, 2], { median: 2, least: 1, most: 3 }],
  [[10, 1, 2, 4], { median: 3, least: 1, most: 10 }],
])("spreadOf(%j)", (values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
  expect(medianOf(values)).toBe(spread.median);
});

test("of no run there is none", () => {
  expect(() => spreadOf([])).toThrow("no run");
});
