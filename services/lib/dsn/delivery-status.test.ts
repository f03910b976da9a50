import { describe, expect, test } from "bun:test";
import { reply } from "#lib/smtp/reply";
import { type DeliveryStatus, deliveryStatusFields, diagnosticCodeOf } from "./delivery-status.ts";

const report: DeliveryStatus = {
  action: "failed",
  reportingMta: "mta1.example.net",
  arrivalDate: 0,
  recipients: [{ path: "bob@example.com", status: "5.0.0" }],
};

describe("diagnosticCodeOf()", () => {
  test.each([
    ["one line", reply(550, "5.1.1", "no such user"), "550 5.1.1 no such user"],
    ["several lines", reply(550, undefined, ["no", "such", "user"]), "550-no 550-such 550 user"],
  ])("of a reply with %s (RFC 3461 §9.2)", (_, answered, text) => {
    expect(diagnosticCodeOf(answered)).toEqual({ type: "smtp", text });
  });
});

describe("deliveryStatusFields()", () => {
  test("writes no more than is known", () => {
    expect(deliveryStatusFields(report, false)).toBe(
      "Reporting-MTA: dns; mta1.example.net\r\n" +
        "Arrival-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n" +
        "\r\n" +
        "Final-Recipient: rfc822;bob@example.com\r\nAction: failed\r\nStatus: 5.0.0\r\n",
    );
  });

  test.each([
    ["rfc822;a+2Bb@c", false, "rfc822;a+b@c"],
    ["RFC822;a@c", false, "RFC822;a@c"],
    ["x400;c=us+3Bo=x", false, "x400;c=us;o=x"],
    ["rfc822;a+0D+0Ab", false, "rfc822;a+0D+0Ab"],
    ["utf-8;jos\\x{E9}@c", false, "utf-8;jos\\x{E9}@c"],
    ["utf-8;jos\\x{E9}@c", true, "utf-8;josé@c"],
    ["utf-8;josé@c", false, "utf-8;jos\\x{E9}@c"],
    ["no type", false, "rfc822;no type"],
  ])("Original-Recipient from ORCPT=%s, UTF-8 allowed: %p, is %s", (orcpt, isGlobal, expected) => {
    const recipients = [{ path: "b@c", status: "5.0.0", orcpt }] as const;
    const fields = deliveryStatusFields({ ...report, recipients }, isGlobal);
    expect(fields).toContain(`Original-Recipient: ${expected}\r\n`);
  });

  test.each([
    ["bob@example.com", false, "rfc822;bob@example.com"],
    ['"a  b"@example.com', false, 'rfc822;"a  b"@example.com'],
    ["josé@example.com", false, "utf-8;jos\\x{E9}@example.com"],
    ["josé@example.com", true, "utf-8;josé@example.com"],
  ])("Final-Recipient of %s, UTF-8 allowed: %p, is %s", (path, isGlobal, expected) => {
    const recipients = [{ path, status: "5.0.0" }] as const;
    const fields = deliveryStatusFields({ ...report, recipients }, isGlobal);
    expect(fields).toContain(`Final-Recipient: ${expected}\r\n`);
  });

  test("Will-Retry-Until stands for a delay only (RFC 3464 §2.3.9)", () => {
    const recipients = [{ path: "b@c", status: "4.0.0", willRetryUntil: 0 }] as const;
    const failed = deliveryStatusFields({ ...report, recipients }, false);
    const delayed = deliveryStatusFields({ ...report, recipients, action: "delayed" }, false);
    expect(failed).not.toContain("Will-Retry-Until");
    expect(delayed).toContain("Will-Retry-Until: Thu, 1 Jan 1970 00:00:00 +0000\r\n");
  });
});
