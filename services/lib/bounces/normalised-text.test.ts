import { expect, test } from "bun:test";
import { normalisedReply } from "./normalised-text.ts";

const reply = (text: string, code = 554) => normalisedReply({ code, status: "5.0.0", text });

test.each([
  ["Computer says no to <bob@example.com>.", "computer says no to <<address>>."],
  ["see https://x.example/a?b=c#d for 17 reasons", "see <url> for <n> reasons"],
  ["[192.0.2.7] is odd (mx7.example.net)", "[<ip>] is odd (<host>)"],
  ["2001:db8::1 is odd", "<ip> is odd"],
  ["ref a1b2c3d4-77 - gsmtp", "ref <id> - gsmtp"],
  ["5.0.0 one 5.0.0 two", "one two"],
  ["12:30:05, 2026-11-25", "<n>, <n>"],
  ["a".repeat(500), "<id>"],
  ["'", "'"],
  ["", ""],
])("%s", (text, normalised) => {
  expect(reply(text)).toBe(`554 5.0.0 ${normalised}`.trim());
});

test("what differs each time makes no other text", () => {
  const one = "Message 01JDF8Z5T0 to bob@example.com refused at 10:11:12 by mx1.example.com";
  const two = "Message 01JDF8ZZZ9 to eve@example.net refused at 23:59:59 by mx9.example.net";
  expect(reply(one)).toBe(reply(two));
  expect(reply(one, 550)).not.toBe(reply(two));
});

test("a text of ten megabytes, and half a pair", () => {
  const text = reply("no 😀 ".repeat(2_000_000));
  expect(text.length).toBeLessThanOrEqual(200);
  expect(text.isWellFormed()).toBe(true);
});

test("a code that is none is left out", () => {
  expect(reply("no", 25)).toBe("5.0.0 no");
});
