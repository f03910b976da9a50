import { describe, expect, test } from "bun:test";
import { asMailData, has8Bit, hasLineOver } from "./transparency.ts";

const encoder = new TextEncoder();
const sent = (text: string) =>
  asMailData(encoder.encode(text))
    .map((piece) => new TextDecoder().decode(piece))
    .join("");

describe("asMailData()", () => {
  test.each([
    ["a\r\n", "a\r\n.\r\n"],
    ["", ".\r\n"],
    [".\r\n", "..\r\n.\r\n"],
    ["a.b\r\n.c\r\n..d\r\n", "a.b\r\n..c\r\n...d\r\n.\r\n"],
    ["\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n"],
    ["no line end", "no line end\r\n.\r\n"],
    [".", "..\r\n.\r\n"],
    ["a\r\n.", "a\r\n..\r\n.\r\n"],
    ["\n", "\n\r\n.\r\n"],
  ])("%p goes as %p", (content, wire) => {
    expect(sent(content)).toBe(wire);
  });

  test("goes as one piece when small, so that it is one packet", () => {
    expect(asMailData(encoder.encode("a.b\r\n"))).toHaveLength(1);
  });

  test("does not copy big content without leading dots", () => {
    const content = encoder.encode("a.b\r\n".repeat(20_000));
    const [first, end] = asMailData(content);
    expect(first).toBe(content);
    expect(end).toEqual(encoder.encode(".\r\n"));
  });

  test("stuffs big content, too", () => {
    expect(sent(".a\r\n".repeat(20_000))).toBe(`${"..a\r\n".repeat(20_000)}.\r\n`);
  });
});

describe("hasLineOver()", () => {
  test.each([
    ["", 3, false],
    ["abc\r\n", 3, false],
    ["abcd\r\n", 3, true],
    ["abc\r\nabc\r\n", 3, false],
    ["abc\r\nabcd\r\na\r\n", 3, true],
    ["a\r\na\r\na\r\nabcd\r\n", 3, true],
    ["\r\n\r\n\r\n\r\n", 3, false],
    ["no line end", 11, false],
    ["no line end", 10, true],
    ["a\r\nabcd", 3, true],
    ["a\r\nabc", 3, false],
  ])("of %p, %p: %p", (text, lengthMax, isOver) => {
    expect(hasLineOver(lengthMax, encoder.encode(text))).toBe(isOver);
  });
});

describe("has8Bit()", () => {
  test("finds one octet wherever it is, however the array is aligned", () => {
    const bytes = new Uint8Array(64).fill(65);
    for (let offset = 0; offset < 9; offset++) {
      for (let length = 0; length < 40; length++) {
        const view = bytes.subarray(offset, offset + length);
        expect(has8Bit(view)).toBe(false);
        for (let at = 0; at < length; at++) {
          bytes[offset + at] = 0x80;
          expect(has8Bit(view)).toBe(true);
          bytes[offset + at] = 65;
        }
      }
    }
  });
});
