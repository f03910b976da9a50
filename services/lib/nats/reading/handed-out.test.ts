import { expect, test } from "bun:test";
import { HandedOut } from "./handed-out.ts";

test("through rises over a run, whatever the order", () => {
  const out = new HandedOut(10);
  for (const n of [12, 14, 13]) out.add(n);
  expect([out.through, out.missing]).toEqual([10, 11]);
  out.add(11);
  expect([out.through, out.missing]).toEqual([14, undefined]);
  out.add(3);
  expect(out.through).toBe(14);
});

test("what was handed out before is known", () => {
  const out = new HandedOut(0);
  expect([1, 3, 3, 1, 2, 3].map((n) => out.add(n))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
});

test("what is not there is skipped", () => {
  const out = new HandedOut(0);
  for (const n of [2, 5, 6]) out.add(n);
  out.skip(1);
  expect([out.through, out.missing]).toEqual([2, 3]);
  out.skip(5);
  expect([out.through, out.missing]).toEqual([6, undefined]);
  out.skip(4);
  expect(out.through).toBe(6);
});
