import { describe, expect, test } from "bun:test";
import type { CaseResult, TestCase } from "./junit.ts";
import { asInCi, reportOf } from "./report.ts";

const passed: TestCase = { name: "a", result: { kind: "passed" } };
const failed: TestCase = { name: "b > c", result: { kind: "failed", message: "one\ntwo" } };

function skipped(reason: string): TestCase {
  return { name: "d", result: { kind: "skipped", reason } };
}

describe("reportOf()", () => {
  test.each([
    ["all passed", [passed, passed], "2 passed, 0 failed\n", 0],
    ["one failed", [passed, failed], "FAILED b > c\n    one\n    two\n1 passed, 1 failed\n", 1],
    [
      "skips are counted by reason",
      [passed, skipped("x"), skipped("x"), skipped("y")],
      "skipped 2: x\nskipped 1: y\n1 passed, 0 failed\n",
      0,
    ],
    ["nothing ran", [], "Nothing was tested.\n0 passed, 0 failed\n", 1],
    [
      "everything was skipped",
      [skipped("x")],
      "skipped 1: x\nNothing was tested.\n0 passed, 0 failed\n",
      1,
    ],
  ] as const)("%s", (_, cases, text, exitCode) => {
    expect(reportOf(cases)).toEqual({ text, exitCode });
  });
});

describe("asInCi()", () => {
  test.each([
    ["postfix not installed, and this is not root", "failed"],
    ["no such program", "failed"],
    ["the python toolchain is missing", "failed"],
    ["optional: exim not installed", "skipped"],
    ["Bun cannot do this on macOS", "skipped"],
  ] as const)("a skip because of %p has %s", (reason, kind: CaseResult["kind"]) => {
    expect(asInCi(skipped(reason)).result.kind).toBe(kind);
  });

  test("leaves what ran as it is", () => {
    expect([passed, failed].map(asInCi)).toEqual([passed, failed]);
  });
});
