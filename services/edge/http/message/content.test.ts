import { expect, test } from "bun:test";
import { parametersOf, withLastLineEnd } from "./content.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["", ""],
  ["x", "x\r\n"],
  ["x\r\n", "x\r\n"],
  ["x\n", "x\n"],
  ["x\r", "x\r"],
])("%j becomes %j", (text, completed) => {
  expect(new TextDecoder().decode(withLastLineEnd(bytes(text)))).toBe(completed);
});

test.each([
  ["Subject: x\r\n\r\nx\r\n", false, "7bit", false],
  ["Subject: x\r\n\r\nx\r\n", true, "7bit", true],
  ["Subject: x\r\n\r\n\u00fc\r\n", false, "8bitmime", false],
  ["Subject: \u00fc\r\n\r\nx\r\n", false, "8bitmime", true],
] as const)("%j, with an international path: %p", (text, isInternational, body, smtpUtf8) => {
  expect(parametersOf(bytes(text), isInternational)).toEqual({ body, smtpUtf8 });
});
