import { describe, expect, test } from "bun:test";
import { encodeReply, type Reply, reply, replyText } from "./reply.ts";

describe("reply()", () => {
  test("knows its class by its code", () => {
    const classes = [
      reply(250, "2.0.0", "Ok"),
      reply(354, undefined, "Go on"),
      reply(451, "4.3.0", "Later"),
      reply(550, "5.1.1", "Never"),
    ].map((made) => made.class);
    expect(classes).toEqual([2, 3, 4, 5]);
  });

  test("code and status cannot disagree", () => {
    // @ts-expect-error: RFC 2034 §4: the class of the status is the first digit of the code.
    reply(450, "5.1.1", "both ways");
    // @ts-expect-error: 3yz has no status (RFC 2034 §4).
    reply(354, "2.0.0", "Go on");
    // @ts-expect-error: RFC 5321 §4.2.1: no such second digit.
    reply(260, undefined, "what");
  });
});

describe("encodeReply()", () => {
  const cases: [string, Reply, string][] = [
    ["a line", reply(250, "2.1.0", "Ok"), "250 2.1.0 Ok\r\n"],
    ["a line without status", reply(220, undefined, "a.example"), "220 a.example\r\n"],
    ["several lines", reply(250, undefined, ["a", "b", "c"]), "250-a\r\n250-b\r\n250 c\r\n"],
    [
      "RFC 2034 §4: the status stands on every line",
      reply(550, "5.1.1", ["no", "such user"]),
      "550-5.1.1 no\r\n550 5.1.1 such user\r\n",
    ],
    ["an empty text", reply(334, undefined, ""), "334 \r\n"],
  ];
  test.each(cases)("%s", (_, made, wire) => {
    expect(encodeReply(made)).toBe(wire);
  });
});

test("replyText() is all of the text on one line", () => {
  expect(replyText(reply(550, "5.1.1", ["no", "such user"]))).toBe("no such user");
});

test("replyText() ends after 2,048 characters", () => {
  const made = reply(550, "5.1.1", ["x".repeat(2_000), "y".repeat(2_000)]);
  expect(replyText(made)).toBe(`${"x".repeat(2_000)} ${"y".repeat(47)}`);
});
