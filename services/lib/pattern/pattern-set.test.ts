import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fuzzing } from "../../../test/support/fuzz.ts";
import { compilePattern, type Pattern, patternTextMax } from "./pattern.ts";
import { PatternSet } from "./pattern-set.ts";

function compiled(source: string): Pattern {
  const made = compilePattern(source);
  if ("fault" in made) throw new Error(`"${source}" ${made.fault}`);
  return made.pattern;
}

const foundOf = (sources: readonly string[], text: string) =>
  [...new PatternSet(sources.map(compiled)).found(text)].sort((a, b) => a - b);

describe("a set of patterns", () => {
  test("tells which are found, all of them", () => {
    const sources = ["slow", "down$", "^421", "(?-i:TSS04)", "hurry", "s[a-z]ow"];
    expect(foundOf(sources, "421 [tss04] SLOW down")).toEqual([0, 1, 2, 5]);
  });

  test("that is empty finds nothing", () => {
    expect(new PatternSet([]).found("anything")).toEqual([]);
  });

  test("looks no further than the first part of a text", () => {
    const long = `${" ".repeat(patternTextMax - 5)}needle`;
    expect(foundOf(["needle"], long)).toEqual([]);
    expect(foundOf(["needl"], long)).toEqual([0]);
  });

  test("finds in whatever text what each of them finds by itself", () => {
    const source = fc.constantFrom(
      ...["a", "b+a", "(a|b)*c", "\\bab\\b", "^b", "c$", "[^a]c", "(?-i:A)b", "a.{0,3}c", "ß"],
    );
    const text = fc.string({ unit: fc.constantFrom(..."aAbBcC ßẞ\n.") });
    fc.assert(
      fc.property(fc.array(source, { maxLength: 6 }), text, (sources, given) => {
        const alone = sources.flatMap((each, i) => (compiled(each).test(given) ? [i] : []));
        expect(foundOf(sources, given)).toEqual(alone);
      }),
      fuzzing(),
    );
  });
});
