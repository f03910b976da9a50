import { describe, expect, test } from "bun:test";
import { compilePattern, type Pattern, patternTextMax } from "./pattern.ts";

function compiled(source: string): Pattern {
  const made = compilePattern(source);
  if ("fault" in made) throw new Error(`"${source}" ${made.fault}`);
  return made.pattern;
}

function faultOf(source: string): string {
  const made = compilePattern(source);
  return "fault" in made ? made.fault : "";
}

describe("a pattern", () => {
  test("is found anywhere in the text, in whatever letter case", () => {
    const pattern = compiled("user (unknown|not found)");
    expect(pattern.test("550 5.1.1 <a@b.example>: User Unknown here")).toBe(true);
    expect(pattern.test("550 no such user")).toBe(false);
    expect(pattern.source).toBe("user (unknown|not found)");
  });

  test("minds letter case where it says so", () => {
    expect(compiled("(?-i:TSS04)").test("[TSS04]")).toBe(true);
    expect(compiled("(?-i:TSS04)").test("[tss04]")).toBe(false);
  });

  test.each([
    ["^550", "550 no", true],
    ["^550", "said: 550 no", false],
    ["\\bspam\\b", "it is spam.", true],
    ["\\bspam\\b", "antispamming", false],
    ["[45]\\.2\\.2", "552 5.2.2 full", true],
    ["quota.{0,20}exceeded", "quota of the user was exceeded", true],
    ["größe", "die GRÖSSE? die GRÖßE", true],
  ])("%s in %s: %p", (source, text, isFound) => {
    expect(compiled(source).test(text)).toBe(isFound);
  });

  test("looks no further than the first part of a text", () => {
    const pattern = compiled("needle");
    expect(pattern.test(`${" ".repeat(patternTextMax - 6)}needle`)).toBe(true);
    expect(pattern.test(`${" ".repeat(patternTextMax - 5)}needle`)).toBe(false);
    expect(pattern.test("x".repeat(10_000_000))).toBe(false);
  });

  test("takes half of a surrogate pair, and whatever else is no text", () => {
    expect(compiled("b\\b").test("a \ud800 b")).toBe(true);
    expect(compiled("\\x00").test("a\u0000b")).toBe(true);
  });
});

describe("what is refused", () => {
  test.each([
    ["", "is empty"],
    ["(", "missing"],
    ["a**", "repetition"],
    ["(a)\\1", "escape"],
    ["a(?=b)", "is no regular expression"],
    ["(?<!a)b", "is no regular expression"],
    ["[z-a]", "range"],
    ["(a{1,999}){1,999}", ""],
    ["((a{1,30}){1,30}){1,30}", ""],
    ["x".repeat(1_001), "more than 1000 characters"],
  ])("%s", (source, part) => {
    const fault = faultOf(source);
    expect(fault).not.toBe("");
    expect(fault).toContain(part);
  });
});

/**
 * Steps cannot be counted from outside, so time is: on a backtracking engine each of these takes longer
 * than there is. A hundred of each is far below a second.
 */
describe("a pattern that others' engines explode on ends", () => {
  const text = `${"a".repeat(patternTextMax - 1)}!`;
  test.each(["(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){12}$", "(a*)*b", "([a-z]+)*\\d", "(x+x+)+y"])(
    "%s",
    (source) => {
      const pattern = compiled(source);
      for (let n = 0; n < 100; n++) expect(pattern.test(text)).toBe(false);
    },
    10_000,
  );
});
