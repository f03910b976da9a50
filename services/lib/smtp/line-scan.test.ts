import { expect, test } from "bun:test";
import { scanPlainLines, scanTransparentLines } from "./line-scan.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["", { dots: 0, longest: 0 }],
  [".\r\n..\r\nabc\r\n", { dots: 2, longest: 3 }],
  ["a\r\n.bcd\r\n", { dots: 1, longest: 3 }],
  ["a\nb", undefined],
  ["a\rb", undefined],
  ["a\r", undefined],
])("over the wire %j has its dots, and lines without them", (text, scan) => {
  expect(scanTransparentLines(bytes(text))).toEqual(scan as never);
});

test.each([
  [".\r\n..\r\n", { dots: 0, longest: 2 }],
  ["ab\r\ncde", { dots: 0, longest: 3 }],
  ["a\r\n\n", undefined],
])("as it is %j has no such dots", (text, scan) => {
  expect(scanPlainLines(bytes(text))).toEqual(scan as never);
});
