import { expect, test } from "bun:test";
import { exampleReply } from "./example-reply.ts";

test.each([
  ["421 4.7.0 Too many", { class: 4, code: 421, status: "4.7.0", lines: ["Too many"] }],
  ["  550 no\n", { class: 5, code: 550, lines: ["no"] }],
  [
    "421-4.7.0 Too\n421 4.7.0 many",
    { class: 4, code: 421, status: "4.7.0", lines: ["Too", "many"] },
  ],
])("%p is what a host would say", (text, value) => {
  expect(exampleReply(text)).toMatchObject({ ok: true, value });
});

test.each([["250 ok"], ["no"], [""], [421], ["999 x"], ["421-more"]])(
  "%p is no refusal",
  (text) => {
    expect(exampleReply(text).ok).toBe(false);
  },
);
