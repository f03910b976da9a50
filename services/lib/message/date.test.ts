import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { dateTime } from "./date.ts";

describe("dateTime()", () => {
  test.each([
    ["the epoch", 0, "Thu, 1 Jan 1970 00:00:00 +0000"],
    ["the moment before the epoch", -1, "Wed, 31 Dec 1969 23:59:59 +0000"],
    ["a leap day", 951_827_696_789, "Tue, 29 Feb 2000 12:34:56 +0000"],
    ["the day after no leap day", 4_107_542_400_000, "Mon, 1 Mar 2100 00:00:00 +0000"],
    ["today", 1_795_530_657_000, "Tue, 24 Nov 2026 14:30:57 +0000"],
    ["the last second of a year", 1_798_761_599_999, "Thu, 31 Dec 2026 23:59:59 +0000"],
  ])("writes %s", (_, ms, text) => {
    expect(dateTime(ms)).toBe(text);
  });

  test("agrees with the runtime's calendar over four centuries", () => {
    const random = seededRandom(3);
    for (let i = 0; i < 2_000; i++) {
      const ms = Math.floor((random.next() - 0.3) * 12_622_780_800_000);
      expect(Date.parse(dateTime(ms))).toBe(Math.floor(ms / 1000) * 1000);
    }
  });
});
