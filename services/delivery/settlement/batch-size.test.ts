import { expect, test } from "bun:test";
import { BatchSize } from "./batch-size.ts";

test("halves with each failure down to its least, and doubles with each success", () => {
  const size = new BatchSize({ max: 100, min: 10 });
  const seen = [size.now];
  for (const outcome of [
    "failed",
    "failed",
    "failed",
    "failed",
    "succeeded",
    "succeeded",
  ] as const) {
    size[outcome]();
    seen.push(size.now);
  }
  for (let i = 0; i < 9; i++) size.succeeded();
  expect([...seen, size.now]).toEqual([100, 50, 25, 12, 10, 20, 40, 100]);
});
