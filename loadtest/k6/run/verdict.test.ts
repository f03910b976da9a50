import { expect, test } from "bun:test";
import { Ledger } from "../../ledger.ts";
import { verdictOf } from "./verdict.ts";

const promised = Ledger.parse("r-0 2\nr-1 2\n");
const arrivedAs = (text: string, damaged = 0) => ({ ledger: Ledger.parse(text), damaged });

test("all that was promised came, once and intact", () => {
  const { isGood, text } = verdictOf({ promised, counted: 4 }, arrivedAs("r-0 2\nr-1 2\n"));
  expect([isGood, text]).toEqual([true, expect.stringContaining("lost                 0")]);
});

test.each([
  ["a copy is missing", 4, arrivedAs("r-0 2\nr-1 1\n")],
  ["a copy came twice", 4, arrivedAs("r-0 2\nr-1 3\n")],
  ["one is damaged", 4, arrivedAs("r-0 2\nr-1 2\n", 1)],
  ["a 202 is not in the accounts", 5, arrivedAs("r-0 2\nr-1 2\n")],
  ["a 202 is not in the accounts, and nobody knows what came", 5, undefined],
])("%s: that is not good", (_, counted, arrived) => {
  expect(verdictOf({ promised, counted }, arrived).isGood).toBe(false);
});

test("what came without a seen 202 is nobody's fault, nor what was written and not counted", () => {
  const arrived = arrivedAs("r-0 2\nr-1 2\nr-2 1\n");
  expect(verdictOf({ promised, counted: 3 }, arrived).isGood).toBe(true);
  expect(verdictOf({ promised, counted: 4 }).isGood).toBe(true);
});
