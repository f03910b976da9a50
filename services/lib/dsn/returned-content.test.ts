import { describe, expect, test } from "bun:test";
import { returnedContent, returnedSizeMax } from "./returned-content.ts";

const header = "From: a\r\nSubject: b\r\n";
const whole = `${header}\r\nbody\r\n`;
const long = `X: ${"y".repeat(1_000)}\r\n`;

describe("returnedContent()", () => {
  test.each([
    ["all of a failure with RET=FULL", whole, "failed", "full", "message/rfc822", whole],
    ["the header with RET=HDRS", whole, "failed", "headers", "text/rfc822-headers", header],
    ["the header without RET", whole, "failed", undefined, "text/rfc822-headers", header],
    ["the header of a delay", whole, "delayed", "full", "text/rfc822-headers", header],
    ["the header of a success", whole, "delivered", "full", "text/rfc822-headers", header],
    [
      "the header of what is large",
      whole + "z\r\n".repeat(returnedSizeMax),
      "failed",
      "full",
      "text/rfc822-headers",
      header,
    ],
    [
      "the header without its overlong field",
      `A: b\r\n${long}${whole}`,
      "failed",
      "full",
      "text/rfc822-headers",
      `A: b\r\n${header}`,
    ],
    [
      "an 8-bit header",
      "From: ä\r\n\r\nx",
      "failed",
      undefined,
      "message/global-headers",
      "From: ä\r\n",
    ],
    [
      "all with an 8-bit header",
      "From: ä\r\n\r\nx",
      "failed",
      "full",
      "message/global",
      "From: ä\r\n\r\nx",
    ],
    [
      "all with an 8-bit body",
      "A: b\r\n\r\nä",
      "failed",
      "full",
      "message/rfc822",
      "A: b\r\n\r\nä",
    ],
    ["nothing of no header section", "body\r\n", "failed", undefined, "text/rfc822-headers", ""],
  ] as const)("gives %s", (_, original, action, ret, contentType, expected) => {
    const returned = returnedContent(new TextEncoder().encode(original), action, ret);
    expect(returned.contentType).toBe(contentType);
    expect(new TextDecoder().decode(returned.bytes)).toBe(expected);
    expect(returned.isFull).toBe(
      contentType === "message/rfc822" || contentType === "message/global",
    );
  });

  test("bounds a huge header section at a field's end", () => {
    const field = `X-Big: ${"y".repeat(900)}\r\n`;
    const { bytes } = returnedContent(
      new TextEncoder().encode(field.repeat(1_000)),
      "failed",
      undefined,
    );
    expect(bytes.length).toBeLessThanOrEqual(returnedSizeMax);
    expect(bytes.length % field.length).toBe(0);
  });
});
