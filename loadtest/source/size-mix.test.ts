import { describe, expect, test } from "bun:test";
import { sizesOf } from "./size-mix.ts";

function shareBelow(sizes: readonly number[], bytes: number): number {
  return sizes.filter((it) => it < bytes).length / sizes.length;
}

describe("sizesOf()", () => {
  test.each([
    [2_048, 0.2353],
    [8_192, 0.676],
    [65_536, 0.9047],
    [1_048_576, 0.9849],
    [4_194_304, 1],
  ])("mailbox: below %d octets are %d of all", (bytes, share) => {
    expect(shareBelow(sizesOf("mailbox"), bytes)).toBeCloseTo(share, 2);
  });

  test("office: six in ten have 50,000 octets or more, five in a thousand 10 MB", () => {
    const sizes = sizesOf("office");
    expect(1 - shareBelow(sizes, 50_000)).toBeCloseTo(0.6, 2);
    expect(1 - shareBelow(sizes, 1_000_000)).toBeCloseTo(0.005, 3);
  });

  test("the order is always the same, and no run of one size after the other", () => {
    const sizes = sizesOf("mailbox");
    expect(sizesOf("mailbox")).toEqual(sizes);
    expect(new Set(sizes.slice(0, 20)).size).toBeGreaterThan(4);
  });
});
