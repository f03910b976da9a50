import { describe, expect, test } from "bun:test";
import { contentFault } from "./content-fault.ts";
import { replies } from "./replies.ts";

const limits = { messageSizeMax: 2_000, contentLineMax: 998, receivedFieldsMax: 2 };

describe("contentFault()", () => {
  const cases: [string, string, unknown][] = [
    ["an empty content", "", undefined],
    ["lines that end with CRLF", "Subject: x\r\n\r\nx\r\n", undefined],
    ["a last line without an end", "x\r\ny", undefined],
    ["a bare LF", "Subject: x\n\r\n", replies.contentBareCrOrLf],
    ["a bare CR", "a\rb\r\n", replies.contentBareCrOrLf],
    ["a CR at the end", "a\r\n\r", replies.contentBareCrOrLf],
    ["a line of 998 octets", `${"a".repeat(998)}\r\n`, undefined],
    ["a line of 999 octets", `${"a".repeat(999)}\r\n`, replies.contentLineTooLong],
    ["a last line of 999 octets without an end", "a".repeat(999), replies.contentLineTooLong],
    [
      "a dot that begins such a line: it is one of its octets",
      `.${"a".repeat(998)}\r\n`,
      replies.contentLineTooLong,
    ],
    ["2,000 octets", "a\r\n".repeat(666).concat("\r\n"), undefined],
    ["2,001 octets", "a\r\n".repeat(667), replies.tooBig],
    ["two hops", "Received: a\r\nReceived: b\r\n\r\n", undefined],
    ["three hops", "Received: a\r\nReceived: b\r\nReceived: c\r\n\r\n", replies.loop],
  ];
  test.each(cases)("of %s", (_, text, fault) => {
    expect(contentFault(new TextEncoder().encode(text), limits)).toEqual(fault as never);
  });
});
