import { expect, test } from "bun:test";
import { mostFrequent } from "./unknown-bounces.ts";

test("days and writers are added up, the most frequent first, the newest example", () => {
  const rows = [
    { text: "no", count: 2, lastAt: 5, example: "No 1" },
    { text: "never", count: 4, lastAt: 1, example: "Never" },
    { text: "no", count: 3, lastAt: 9, example: "No 2" },
  ];
  expect(mostFrequent(rows, 9)).toEqual([
    { text: "no", count: 5, lastAt: 9, example: "No 2" },
    { text: "never", count: 4, lastAt: 1, example: "Never" },
  ]);
  expect(mostFrequent(rows, 1)).toHaveLength(1);
});
