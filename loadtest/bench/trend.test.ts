import { expect, test } from "bun:test";
import { type Quantity, trendsOf, trendsText } from "./trend.ts";

const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function verdictOf(quantity: Partial<Quantity>): string | undefined {
  const whole = { name: "it", unit: "", slack: 0, values: nine, ...quantity } as const;
  return trendsOf([whole])[0]?.verdict;
}

test.each([
  ["what rises", {}, "growing"],
  ["what is to rise", { kept: "72 h" }, "kept"],
  ["what rises within its slack", { slack: 3 }, "flat"],
  ["what rises by a twentieth", { values: nine.map((n) => 1_000 + n) }, "flat"],
  ["what only warmed up", { values: nine.map((n) => (n < 4 ? 0 : 90)) }, "flat"],
  ["what falls", { values: nine.toReversed() }, "flat"],
  ["what was looked at too seldom", { values: nine.slice(1) }, undefined],
] as const)("trendsOf(): %s", (_, quantity, verdict) => {
  expect(verdictOf(quantity)).toBe(verdict);
});

test("trendsText() has a row for each, and nothing for none", () => {
  const trends = trendsOf([{ name: "it", unit: "MiB", slack: 0, values: nine }]);
  expect(trendsText(trends)).toMatch(/^it, MiB +5\.0 +8\.0 +60\.0 % +growing$/m);
  expect(trendsText([])).toBe("");
});
