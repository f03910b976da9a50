import { expect, test } from "bun:test";
import { BatchSize } from "./batch-size.ts";

const sizeOf = () => new BatchSize({ max: 400, min: 10 });

test("doubles while calls are short, up to its most", () => {
  const size = sizeOf();
  const seen = [size.now];
  for (let n = 0; n < 3; n++) {
    size.succeeded(size.now, 50);
    seen.push(size.now);
  }
  expect(seen).toEqual([100, 200, 400, 400]);
});

test("becomes what is done in a second when calls are long", () => {
  const size = sizeOf();
  size.succeeded(100, 4_000);
  expect(size.now).toBe(25);
  size.succeeded(25, 900);
  expect(size.now).toBe(25);
  size.succeeded(25, 4_000);
  expect(size.now).toBe(10);
});

test("a call that was not full says nothing of larger ones", () => {
  const size = sizeOf();
  size.succeeded(3, 5);
  expect(size.now).toBe(100);
});

test("is a quarter after a failure, down to its least", () => {
  const size = sizeOf();
  const seen = [1, 2, 3].map(() => {
    size.failed();
    return size.now;
  });
  expect(seen).toEqual([25, 10, 10]);
});
