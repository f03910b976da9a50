import { expect, test } from "bun:test";
import {
  bounceTextMax,
  boundedText,
  isReplyCode,
  replyLine,
  withoutControls,
} from "./reply-text.ts";

test.each([
  ["a\r\nb\tc", "a b c"],
  ["  a   b  ", "a b"],
  ["\u001b[2J\u0007gone\u202e\u2028x", "[2J gone x"],
  ["half \ud800", "half \ufffd"],
  ["", ""],
])("%j becomes %j", (text, line) => {
  expect(boundedText(text)).toBe(line);
});

test("a text is bounded, and no pair is cut in two", () => {
  expect(boundedText("a".repeat(10_000_000))).toHaveLength(bounceTextMax);
  const pairs = boundedText(`a${"\ud83d\ude00".repeat(2_000)}`);
  expect(pairs).toHaveLength(bounceTextMax);
  expect(pairs.isWellFormed()).toBe(true);
});

test("a reply's line has its status once", () => {
  const text = "5.1.1 No such 5.1.1 user here";
  expect(replyLine({ code: 550, status: "5.1.1", text })).toBe("550 5.1.1 No such user here");
  expect(replyLine({ status: "5.1.1", text: "No" })).toBe("5.1.1 No");
  expect(replyLine({ code: 25, status: "5.1.1", text: "No" })).toBe("5.1.1 No");
});

test("codes have three digits, the first 2 to 5", () => {
  expect([200, 250, 599].every(isReplyCode)).toBe(true);
  expect([25, 199, 600, 999, 5_500, -1, Number.NaN].some(isReplyCode)).toBe(false);
});

test("control characters become blanks", () => {
  expect(withoutControls("a\u0000\u009b\u2029b")).toBe("a b".replace(" ", "   "));
});
