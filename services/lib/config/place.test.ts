import { describe, expect, test } from "bun:test";
import { LineCounter, parseDocument } from "yaml";
import { type KeyPath, Places } from "./place.ts";

const source = `first: 1
group:
  inner: text
list:
  - name: a
  - { name: b, port: 7 }
one: { name: c }
copied: &anchor { name: d }
copy: *anchor
`;

const lines = new LineCounter();
const places = new Places(parseDocument(source, { lineCounter: lines }), lines);

describe("a value", () => {
  test.each<[KeyPath, number, number]>([
    [["first"], 1, 8],
    [["group", "inner"], 3, 10],
    [["list", 0, "name"], 5, 11],
    [["list", 1, "port"], 6, 22],
    [["copy", "name"], 8, 25],
    [[], 1, 1],
  ])("%p is found", (path, line, column) => {
    expect(places.ofValue(path)).toEqual({ line, column });
  });

  test.each<[KeyPath, number, number]>([
    [["group", "missing"], 2, 1],
    [["missing"], 1, 1],
    [["list", 7], 4, 1],
    [["list", 1, "missing"], 6, 5],
  ])("%p that is missing is where its group begins", (path, line, column) => {
    expect(places.ofValue(path)).toEqual({ line, column });
  });

  test("that stands alone where a list may stand is the first of it", () => {
    expect(places.ofValue(["one", 0, "name"])).toEqual({ line: 7, column: 14 });
    expect(places.ofValue(["first", 0])).toEqual({ line: 1, column: 8 });
  });
});

test("a key is found where it is written", () => {
  expect(places.ofKey(["list", 1, "port"])).toEqual({ line: 6, column: 16 });
  expect(places.ofKey(["group", "inner"])).toEqual({ line: 3, column: 3 });
});
