import { expect, test } from "bun:test";
import { jsonFaultPlace } from "./json-place.ts";

test.each([
  ["", 1, 1],
  ["  \n ", 2, 2],
  ["nul", 1, 1],
  ["{", 1, 2],
  ["{]", 1, 2],
  ['{"a"}', 1, 5],
  ['{"a":}', 1, 6],
  ['{"a":1,}', 1, 8],
  ["[1,]", 1, 4],
  ["[1 2]", 1, 4],
  ["[[[", 1, 4],
  ["[1]]", 1, 4],
  ["1 2", 1, 3],
  ["-", 1, 1],
  ["01", 1, 2],
  ["1.", 1, 2],
  ['"a', 1, 1],
  ['["\\x"]', 1, 2],
  ['["\\u12g4"]', 1, 2],
  ['{"a": [1, {"b": tru}]}', 1, 17],
  ["{'a': 1}", 1, 2],
  ["\u00a0[]", 1, 1],
  ["[1,\r\n2,\r\n,]", 3, 1],
])("%j stops being JSON at %d:%d", (text, line, column) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFaultPlace(text)).toEqual({ line, column });
});

test("a text of a million brackets is looked at like any other", () => {
  expect(jsonFaultPlace("[".repeat(1_000_000))).toEqual({ line: 1, column: 1_000_001 });
});
