import { expect, test } from "bun:test";
import { LineSplitter } from "./line-splitter.ts";

test.each([1, 2, 3, 5, 100])("lines are the same in pieces of %i bytes", (size) => {
  const bytes = new TextEncoder().encode('{"a":"ü"}\n\n{"b":"€"}\ntorn');
  const splitter = new LineSplitter();
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
  }
  expect(lines).toEqual(['{"a":"ü"}', "", '{"b":"€"}']);
  expect(splitter.push(new TextEncoder().encode("\n"))).toEqual(["torn"]);
});
