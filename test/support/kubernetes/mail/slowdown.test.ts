import { expect, test } from "bun:test";
import { slowdown } from "./slowdown.ts";

test.each([
  ["twice as long is too long", 30, 60, ["half took 60.0 ms, 30.0 ms before"]],
  ["less than twice is not", 30, 59, []],
  ["what nobody notices is nothing, however many times", 2, 19, []],
] as const)("slowdown(): %s", (_, before, after, said) => {
  expect(slowdown("half", before, after)).toEqual([...said]);
});
