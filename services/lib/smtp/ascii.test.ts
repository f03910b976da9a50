import { describe, expect, test } from "bun:test";
import { isAscii, isAtext, isDigit, isLetterOrDigit, isPrintable, parseDecimal } from "./ascii.ts";

const allCodes = Array.from({ length: 128 }, (_, code) => code);
const thoseThat = (is: (code: number) => boolean) =>
  String.fromCharCode(...allCodes.filter((code) => is(code)));

const digits = "0123456789";
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const sorted = (text: string) => [...text].sort().join("");

describe("character classes", () => {
  const classes: [string, (code: number) => boolean, string][] = [
    ["isDigit", isDigit, digits],
    ["isLetterOrDigit", isLetterOrDigit, digits + letters],
    ["RFC 5322 §3.2.3: isAtext", isAtext, `${digits}${letters}!#$%&'*+-/=?^_\`{|}~`],
  ];
  test.each(classes)("%s", (_, is, members) => {
    expect(thoseThat(is)).toBe(sorted(members));
  });

  test("RFC 6531 §3.3: what is beyond ASCII is atext", () => {
    expect(isAtext(0x80)).toBe(true);
    expect(isAtext(0xfffd)).toBe(true);
  });
});

test.each([
  ["", true],
  ["plain\x7f", true],
  ["ü", false],
])("isAscii(%p): %p", (text, result) => {
  expect(isAscii(text)).toBe(result);
});

test.each([
  ["word", true],
  ["wörd", true],
  ["", false],
  ["two words", false],
  ["tab\tbed", false],
  ["delete\x7f", false],
])("isPrintable(%p): %p", (text, result) => {
  expect(isPrintable(text)).toBe(result);
});

const decimals: [string, number | undefined][] = [
  ["0", 0],
  ["007", 7],
  ["1234", 1234],
  ["12345", undefined],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["1e3", undefined],
  [" 1", undefined],
];
test.each(decimals)("parseDecimal(%p, 4): %p", (text, value) => {
  expect<number | undefined>(parseDecimal(text, 4)).toBe(value);
});
