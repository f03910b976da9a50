import { describe, expect, test } from "bun:test";
import { asciiLine, foldedField, isAscii, oneLine, wrapped } from "./text.ts";

test("oneLine() removes what could begin a line", () => {
  expect(oneLine(" a\r\nb\u2028c\td\u0000 ")).toBe("a b c d");
});

test("asciiLine() shows what is not ASCII as a question mark", () => {
  expect(asciiLine("Empfänger\r\n用户")).toBe("Empf?nger ??");
});

test("isAscii() tells", () => {
  expect(isAscii("a@b")).toBe(true);
  expect(isAscii("ä@b")).toBe(false);
});

describe("wrapped()", () => {
  test.each([
    ["a short text stays", "a b", "a b"],
    ["blanks collapse", "a  b", "a b"],
    ["an empty text is one line", "", ""],
    ["a long text breaks", `${"x".repeat(70)} yyyyyyyy z`, `${"x".repeat(70)}\r\n>yyyyyyyy z`],
    [
      "a long word is cut",
      "w".repeat(660),
      ["w".repeat(320), `>${"w".repeat(320)}`, `>${"w".repeat(20)}`].join("\r\n"),
    ],
  ])("%s", (_, text, expected) => {
    expect(wrapped(text, "", ">")).toBe(expected);
  });
});

test("foldedField() never leaves a line of blanks only", () => {
  const field = foldedField("Diagnostic-Code", `smtp; ${"550 ".repeat(100)}`);
  for (const line of field.trimEnd().split("\r\n")) {
    expect(line.trim()).not.toBe("");
    expect(line.length).toBeLessThanOrEqual(78);
  }
});
