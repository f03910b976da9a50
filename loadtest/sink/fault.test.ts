import { describe, expect, test } from "bun:test";
import { parseFault, textFor } from "./fault.ts";

const forever = Number.POSITIVE_INFINITY;

describe("parseFault()", () => {
  test.each([
    ["550-at-rcpt", "rcpt", { kind: "reply", code: 550 }],
    ["451-at-end-of-data", "end-of-data", { kind: "reply", code: 451 }],
    ["421-at-mail", "mail", { kind: "reply", code: 421 }],
    ["550", "end-of-data", { kind: "reply", code: 550 }],
    ["drop-after-dot", "end-of-data", { kind: "drop" }],
    ["drop-at-data", "data", { kind: "drop" }],
    ["drop-at-content", "content", { kind: "drop" }],
    ["leave-at-rset", "rset", { kind: "leave" }],
    ["slow-300s", "end-of-data", { kind: "slow", delayMs: 300_000 }],
    ["slow-20ms-at-rcpt", "rcpt", { kind: "slow", delayMs: 20 }],
    ["half-a-reply", "end-of-data", { kind: "half-a-reply" }],
    ["half-a-reply-at-ehlo", "ehlo", { kind: "half-a-reply" }],
    ["byte-by-byte-at-connect", "connect", { kind: "byte-by-byte" }],
    ["silence-at-quit", "quit", { kind: "silence" }],
    ["garbage-at-starttls", "starttls", { kind: "garbage" }],
  ] as const)("reads %s", (word, stage, misdeed) => {
    expect(parseFault(word)).toEqual({ stage, misdeed, timesMax: forever, oneIn: 1 });
  });

  test.each([
    ["451-at-rcpt-once", 1, 1],
    ["451-at-rcpt-3-times", 3, 1],
    ["451-at-rcpt-1-in-10", forever, 10],
    ["drop-once-1-in-2", 1, 2],
    ["greylist", 1, 1],
  ] as const)("reads how often: %s", (word, timesMax, oneIn) => {
    expect(parseFault(word)).toMatchObject({ timesMax, oneIn });
  });

  test.each([
    "",
    "alice",
    "550-at-noon",
    "650-at-rcpt",
    "slow-at-rcpt",
    "slow-5m",
    "550-at-rcpt-never",
    "drops",
    "toString",
  ])("takes %j for an ordinary local part", (word) => {
    expect(parseFault(word)).toBeUndefined();
  });
});

describe("textFor()", () => {
  test("agrees with the class of the code", () => {
    expect(textFor(550, "rcpt")).toStartWith("5.1.1 ");
    expect(textFor(451, "end-of-data")).toStartWith("4.3.0 ");
    expect(textFor(421, "mail")).toStartWith("4.3.2 ");
  });
});
