import { describe, expect, test } from "bun:test";
import { inProportion, weighted } from "./proportion.ts";

describe("weighted()", () => {
  test("reads weights, which are 1 unless they are said", () => {
    expect(weighted("a.example=5,b.example,")).toEqual([
      { item: "a.example", weight: 5 },
      { item: "b.example", weight: 1 },
    ]);
  });

  test.each(["", "a=", "a=0", "a=x", "=3", "a=9999,b=9999"])("refuses %j", (text) => {
    expect(() => weighted(text)).toThrow();
  });
});

describe("inProportion()", () => {
  test.each([
    ["a,b", "a b"],
    ["a=5,b=1", "a a a b a a"],
    ["a=10,b=20,c=10", "b a c b"],
    ["a=3,b=2,c=1", "a b a c b a"],
  ])("%s: %s", (text, sequence) => {
    expect(inProportion(weighted(text)).join(" ")).toBe(sequence);
  });
});
