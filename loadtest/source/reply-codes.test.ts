import { describe, expect, test } from "bun:test";
import { ReplyCodes } from "./reply-codes.ts";

describe("ReplyCodes", () => {
  const text = "220 a\r\n250-a\r\n250-PIPELINING\r\n250 SIZE\r\n354\r\n421 4.3.2 bye\r\n";

  test.each([1, 2, 3, 10, 100])("are the same in pieces of %d", (length) => {
    const codes: number[] = [];
    const reader = new ReplyCodes();
    for (const piece of text.match(new RegExp(`[^]{1,${length}}`, "g")) ?? []) {
      reader.read(Buffer.from(piece), (code) => codes.push(code));
    }
    expect(codes).toEqual([220, 250, 354, 421]);
  });

  test("the lines of a reply of several are told, in pieces or whole", () => {
    for (const length of [1, 9, 1_000]) {
      const seen: [number, readonly string[]][] = [];
      const reader = new ReplyCodes();
      for (const piece of text.match(new RegExp(`[^]{1,${length}}`, "g")) ?? []) {
        reader.read(Buffer.from(piece), (code, lines) => seen.push([code, lines]));
      }
      expect(seen[1]).toEqual([250, ["a", "PIPELINING", "SIZE"]]);
      expect(seen.filter(([, lines]) => lines.length > 0)).toHaveLength(1);
    }
  });

  test.each(["hello\r\n", "25\r\n", "650 x\r\n", "\r\n"])("%j is no reply", (line) => {
    expect(() => new ReplyCodes().read(Buffer.from(line), () => {})).toThrow("Cannot read");
  });

  test("a line without an end is not kept for ever", () => {
    const endless = Buffer.alloc(70_000, "2");
    expect(() => new ReplyCodes().read(endless, () => {})).toThrow("does not end");
  });
});
