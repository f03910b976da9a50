import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { QueueId } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import { buildNotification, type NotificationRequest } from "./notification.ts";

const arrivalDate = 1_795_530_657_000;
const hourMs = 3_600_000;
const originalText =
  "Received: from client.example ([192.0.2.1])\r\n\tby mta1.example.net with ESMTP id 01ORIGINAL;\r\n" +
  "\tTue, 24 Nov 2026 14:30:57 +0000\r\n" +
  "From: Alice <alice@example.org>\r\nTo: bob@example.com\r\nSubject: Lunch\r\n" +
  "Message-ID: <lunch@example.org>\r\n\r\nTomorrow at noon?\r\n";

// As the session's parser would have made it.
const path = (text: string) => text as PathText;
const bytes = (text: string) => new TextEncoder().encode(text);

const request: NotificationRequest = {
  action: "failed",
  id: "01NOTIFICATION" as QueueId,
  reportingMta: "mta1.example.net",
  envelope: { reversePath: path("alice@example.org") },
  arrivalDate,
  recipients: [
    {
      path: "bob@example.com",
      status: "5.1.1",
      diagnosticCode: { type: "smtp", text: "550 5.1.1 No such mailbox here" },
      remoteMta: "mx1.example.com[192.0.2.25]",
      lastAttemptDate: arrivalDate + 2_000,
    },
  ],
  original: bytes(originalText),
  now: arrivalDate + 3_000,
};

const [bob] = request.recipients;
if (bob === undefined) throw new Error("no recipient");

const requests: Readonly<Record<string, NotificationRequest>> = {
  "failed-headers": request,
  "failed-full-with-envid-and-orcpt": {
    ...request,
    envelope: { ...request.envelope, ret: "full", envid: "QQ+2B314159" },
    recipients: [{ ...bob, orcpt: "rfc822;Bob+2Blist@Example.COM" }],
  },
  "failed-two-recipients-unreachable": {
    ...request,
    recipients: ["bob@example.com", "carol@example.com"].map((address) => ({
      path: address,
      status: "4.4.1",
      text: "connection refused",
      remoteMta: "mx1.example.com[192.0.2.25]",
      lastAttemptDate: arrivalDate + 120 * hourMs,
    })),
    now: arrivalDate + 121 * hourMs,
  },
  delayed: {
    ...request,
    queueId: "01ORIGINAL" as QueueId,
    action: "delayed",
    envelope: { ...request.envelope, ret: "full" },
    recipients: [
      {
        ...bob,
        status: "4.2.2",
        diagnosticCode: { type: "smtp", text: "452 4.2.2 Mailbox full" },
        willRetryUntil: arrivalDate + 120 * hourMs,
      },
    ],
    now: arrivalDate + 4 * hourMs,
  },
  delivered: {
    ...request,
    action: "delivered",
    recipients: [
      { ...bob, status: "2.0.0", diagnosticCode: { type: "smtp", text: "250 2.0.0 Saved" } },
    ],
  },
  relayed: {
    ...request,
    action: "relayed",
    recipients: [
      { ...bob, status: "2.0.0", diagnosticCode: { type: "smtp", text: "250 OK queued" } },
    ],
  },
  "failed-internationalized": {
    ...request,
    envelope: { reversePath: path("josé@example.org") },
    recipients: [
      {
        path: "用户@例子.example",
        orcpt: "utf-8;\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.example",
        status: "5.1.1",
        diagnosticCode: { type: "smtp", text: "550 5.1.1 Kein Empfänger" },
        remoteMta: "mx1.example.com",
      },
    ],
    original: bytes("From: José <josé@example.org>\r\nSubject: Mittag\r\n\r\nMorgen?\r\n"),
  },
};

function built(notification: NotificationRequest): string {
  return new TextDecoder().decode(buildNotification(notification).content);
}

describe("buildNotification()", () => {
  test.each(Object.keys(requests))("writes %s as the golden file has it", (name) => {
    const golden = new URL(`../../../test/golden/dsn/${name}.eml`, import.meta.url);
    const text = built(requests[name] ?? request);
    expect(text.replaceAll("\r\n", "\n")).toBe(readFileSync(golden, "utf8"));
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  test("says which parameters of MAIL it needs", () => {
    const { body, smtpUtf8 } = buildNotification(request);
    expect({ body, smtpUtf8 }).toEqual({ body: "7bit", smtpUtf8: false });
    const global = buildNotification(requests["failed-internationalized"] ?? request);
    expect([global.body, global.smtpUtf8]).toEqual(["8bitmime", true]);
  });

  test("keeps a hostile reply from beginning a field, a part or a message", () => {
    const text = built({
      ...request,
      recipients: [
        {
          ...bob,
          orcpt: "rfc822;x+0D+0ABcc:+20y",
          diagnosticCode: {
            type: "smtp",
            text: `550 a\r\n\r\n--=_01NOTIFICATION_report\r\nAction: delivered\u2028${"z".repeat(5_000)}`,
          },
        },
      ],
    });
    expect(text.match(/^Action: /gm)).toHaveLength(1);
    expect(text.match(/^--=_01NOTIFICATION_report/gm)).toHaveLength(4);
    expect(text).not.toMatch(/^Bcc:/m);
    for (const line of text.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
  });

  test("refuses the null reverse-path", () => {
    const toNobody = { ...request, envelope: { reversePath: path("") } };
    expect(() => buildNotification(toNobody)).toThrow("RFC 5321 §6.1");
  });
});
