import { describe, expect, test } from "bun:test";
import { decodeUtf8Address, decodeXtext, encodeUtf8Address } from "./xtext.ts";

describe("decodeXtext()", () => {
  test.each([
    ["plain text", "QQ314159", "QQ314159"],
    ["an escaped plus", "a+2Bb@example.com", "a+b@example.com"],
    ["an escaped blank and equals sign", "+20x+3D", " x="],
    ["nothing for lower-case digits, which RFC 3461 §4 does not know", "a+2bb", undefined],
    ["nothing for a cut escape", "a+2", undefined],
    ["nothing for a hidden line end", "a+0D+0ABcc:x", undefined],
    ["nothing for a bare control character", "a\nb", undefined],
    ["nothing for 8 bits", "+E9", undefined],
  ])("gives %s", (_, text, expected) => {
    expect(decodeXtext(text)).toBe(expected);
  });
});

describe("decodeUtf8Address()", () => {
  test.each([
    ["an escaped character", "jos\\x{E9}@example.com", "josé@example.com"],
    ["one beyond the basic plane", "\\x{1F600}@x", "😀@x"],
    ["plain UTF-8", "josé@x", "josé@x"],
    ["nothing for a line end", "a\\x{0A}b", undefined],
    ["nothing for a surrogate", "\\x{D800}", undefined],
    ["nothing for an open brace", "\\x{E9", undefined],
    ["nothing for what is no number", "\\x{XY}", undefined],
  ])("gives %s", (_, text, expected) => {
    expect(decodeUtf8Address(text)).toBe(expected);
  });
});

test.each(["josé@example.com", "a+b=c\\d@x", "用户@例子", "😀@x"])(
  "encodeUtf8Address() keeps what %s says, in 7 bits",
  (address) => {
    const encoded = encodeUtf8Address(address);
    expect(encoded).toMatch(/^[\x21-\x7e]+$/);
    expect(encoded).not.toMatch(/[+=]/);
    expect(decodeUtf8Address(encoded)).toBe(address);
  },
);
