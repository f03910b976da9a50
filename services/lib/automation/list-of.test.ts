import { describe, expect, test } from "bun:test";
import { domainPattern } from "#lib/config/value";
import { listOf, someOf } from "./list-of.ts";

describe("a list", () => {
  test.each([
    ["of one value alone", "a.example", ["a.example"]],
    ["of several", ["a.example", "b.example"], ["a.example", "b.example"]],
    ["of none", [], []],
  ])("%s is read", (_, written, read) => {
    expect(listOf(domainPattern).parse(written)).toEqual(read);
  });

  test("has its faults where they stand", () => {
    const paths = (written: unknown) =>
      listOf(domainPattern)
        .safeParse(written)
        .error?.issues.map(({ path }) => path);
    expect(paths(["a.example", "a b", "@"])).toEqual([[1], [2]]);
    expect(paths("a b")).toEqual([[]]);
    expect(paths(undefined)).toEqual([[]]);
  });

  test("of some has at least one", () => {
    expect(someOf(domainPattern).safeParse([]).error?.issues[0]?.message).toBe("[] names none");
    expect(someOf(domainPattern).parse("a.example")).toEqual(["a.example"]);
  });
});
