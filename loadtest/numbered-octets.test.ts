import { describe, expect, test } from "bun:test";
import { NumberedOctets } from "./numbered-octets.ts";

describe("NumberedOctets", () => {
  const octets = new NumberedOctets(
    (digits) => [`${digits}: <`, "> and <", ">; "],
    Buffer.from("tail"),
  );

  test.each([
    [0, "1: <0> and <0>; tail"],
    [9, "1: <9> and <9>; tail"],
    [10, "2: <10> and <10>; tail"],
    [9_999_999, "7: <9999999> and <9999999>; tail"],
    [7, "1: <7> and <7>; tail"],
  ])("%d stands at each place", (n, text) => {
    expect(octets.with(n).toString()).toBe(text);
  });

  test("the octets are the same as long as the digits are as many", () => {
    const first = octets.with(123);
    expect(octets.with(456)).toBe(first);
    expect(octets.with(1_000)).not.toBe(first);
  });
});
