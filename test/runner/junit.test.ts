import { describe, expect, test } from "bun:test";
import { readJunit } from "./junit.ts";

function report(...cases: string[]): string {
  return `<?xml version="1.0"?>\n<testsuites tests="1"><testsuite name="a" file="a.test.ts">${cases.join("\n")}</testsuite></testsuites>`;
}

describe("readJunit()", () => {
  test("counts a passed case under its file and blocks, the outermost first", () => {
    const xml = report('<testcase name="ok" classname="inner &gt; outer" file="a.test.ts" />');
    expect(readJunit(xml)).toEqual([
      { name: "a.test.ts > outer > inner > ok", result: { kind: "passed" } },
    ]);
  });

  test("a failure carries its message", () => {
    const xml = report(
      '<testcase name="no" classname="" file="a.test.ts"><failure type="Error" message="1 &lt; 2&#10;at a" >at x &gt; y</failure></testcase>',
      '<testcase name="ok" classname="" file="a.test.ts" />',
    );
    expect(readJunit(xml).map(({ result }) => result)).toEqual([
      { kind: "failed", message: "1 < 2\nat a" },
      { kind: "passed" },
    ]);
  });

  test("a failure without a message is one still", () => {
    const xml = report('<testcase name="no" file="a"><failure type="AssertionError" /></testcase>');
    expect(readJunit(xml)[0]?.result).toEqual({ kind: "failed", message: "AssertionError" });
  });

  test.each([
    ["in its own name", 'name="b (skipped: no such program)" classname="A"', "no such program"],
    ["in its block's name", 'name="b" classname="A (skipped: not root)"', "not root"],
    ["in no agreed form", 'name="b" classname="Postfix not installed"', "Postfix not installed b"],
  ])("a skip has its reason %s", (_, attributes, reason) => {
    const xml = report(`<testcase ${attributes} file="a"><skipped /></testcase>`);
    expect(readJunit(xml)[0]?.result).toEqual({ kind: "skipped", reason });
  });

  test("what is marked as to be done counts as skipped", () => {
    const xml = report('<testcase name="b" file="a"><skipped message="TODO" /></testcase>');
    expect(readJunit(xml)[0]?.result).toEqual({ kind: "skipped", reason: "TODO" });
  });

  test("a > within an attribute ends nothing", () => {
    const xml = report('<testcase name="a > b" classname="" file="x"/>');
    expect(readJunit(xml)[0]?.name).toBe("x > a > b");
  });

  test.each(["", "<testsuites />", "no report"])("of %p there are no cases", (xml) => {
    expect(readJunit(xml)).toEqual([]);
  });
});
