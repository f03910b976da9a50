/**
 * A notification as a whole: multipart/report (RFC 6522) with a delivery status (RFC 3464) for the
 * reverse-path.
 */
import { dateTime } from "#lib/message/date";
import { asciiFieldBody } from "#lib/message/header-section";
import { makeMessageId, usableMessageId } from "#lib/message/message-id";
import type { Envelope, QueueId, Time } from "#lib/queue/unit";
import { assert } from "../assert.ts";
import { deliveryStatusFields, type ReportedRecipient } from "./delivery-status.ts";
import { explanationText } from "./explanation.ts";
import { has8bit, type ReturnedContent, returnedContent } from "./returned-content.ts";
import { foldedField, isAscii } from "./text.ts";
import type { Action } from "./wanted.ts";

export interface NotificationRequest {
  readonly action: Action;
  /** The notification's own queue id. */
  readonly id: QueueId;
  readonly reportingMta: string;
  /** The original's queue id. */
  readonly queueId?: QueueId;
  readonly envelope: Pick<Envelope, "reversePath" | "envid" | "ret">;
  /** When we took the original. */
  readonly arrivalDate: Time;
  readonly recipients: readonly ReportedRecipient[];
  /** The original's content; its header section is enough unless all of it is to go back. */
  readonly original: Uint8Array;
  readonly now: Time;
}

/**
 * What to queue for the original's reverse-path, itself with the null reverse-path (RFC 3461 §6.1).
 */
export interface Notification {
  readonly content: Uint8Array;
  readonly body: Envelope["body"];
  readonly smtpUtf8: boolean;
}

const subjects: Readonly<Record<Action, string>> = {
  failed: "Your message could not be delivered",
  delayed: "Your message is delayed",
  delivered: "Your message was delivered",
  relayed: "Your message was relayed",
};

const encoder = new TextEncoder();

export function buildNotification(request: NotificationRequest): Notification {
  const { envelope, recipients, original } = request;
  assert(envelope.reversePath !== "", "no notification for a null reverse-path (RFC 5321 §6.1)");
  assert(recipients.length > 0, "a notification reports at least one recipient");
  const returned = returnedContent(original, request.action, envelope.ret);
  // The content was complete before this id existed, so it cannot hold the boundary.
  const boundary = `=_${request.id}_report`;
  const parts = joined([
    encoder.encode(
      explanationPart(request, boundary, returned) +
        statusPart(request, boundary) +
        returnedPartHeader(boundary, returned),
    ),
    returned.bytes,
    encoder.encode(`\r\n--${boundary}--\r\n`),
  ]);
  const body = has8bit(parts) ? "8bitmime" : "7bit";
  return {
    content: joined([encoder.encode(headerText(request, boundary, body)), parts]),
    body,
    // RFC 6531 §3.4: only an address outside ASCII asks for it; the parts are 8-bit bodies.
    smtpUtf8: !isAscii(envelope.reversePath),
  };
}

function headerText(
  request: NotificationRequest,
  boundary: string,
  body: Envelope["body"],
): string {
  const { reportingMta, envelope, now } = request;
  const originalId = usableMessageId(asciiFieldBody(request.original, "message-id"));
  return (
    foldedField("Date", dateTime(now)) +
    foldedField("From", `Mail Delivery System <MAILER-DAEMON@${reportingMta}>`) +
    foldedField("To", `<${envelope.reversePath}>`) +
    foldedField("Subject", subjectOf(request)) +
    foldedField("Message-ID", makeMessageId(request.id, reportingMta)) +
    (originalId === undefined
      ? ""
      : foldedField("In-Reply-To", originalId) + foldedField("References", originalId)) +
    // RFC 3834 §5: so that no responder answers.
    foldedField("Auto-Submitted", "auto-replied") +
    foldedField("MIME-Version", "1.0") +
    "Content-Type: multipart/report; report-type=delivery-status;\r\n" +
    `    boundary="${boundary}"\r\n` +
    `Content-Transfer-Encoding: ${body === "7bit" ? "7bit" : "8bit"}\r\n\r\n`
  );
}

/** The address in the subject lets a person see at a glance which mail it was about. */
function subjectOf({ action, recipients }: NotificationRequest): string {
  const [first] = recipients;
  const isNameable = recipients.length === 1 && first !== undefined && isAscii(first.path);
  return isNameable ? `${subjects[action]}: ${first.path}` : subjects[action];
}

function explanationPart(
  request: NotificationRequest,
  boundary: string,
  returned: ReturnedContent,
): string {
  const subject = asciiFieldBody(request.original, "subject");
  const text = explanationText({
    ...request,
    // An encoded word (RFC 2047) would only puzzle the reader.
    ...(subject === undefined || subject.includes("=?") ? {} : { subject }),
    returnsFullContent: returned.isFull,
  });
  const [charset, encoding] = isAscii(text) ? ["us-ascii", "7bit"] : ["utf-8", "8bit"];
  return partOf(boundary, `text/plain; charset=${charset}`, encoding) + text;
}

function statusPart(request: NotificationRequest, boundary: string): string {
  const { envelope, recipients } = request;
  // RFC 6533 §3: addresses outside ASCII stand as they are, in a part with a type of its own.
  const isGlobal = recipients.some((r) => !isAscii(r.path));
  const report = envelope.envid === undefined ? request : { ...request, envid: envelope.envid };
  const type = isGlobal ? "message/global-delivery-status" : "message/delivery-status";
  const fields = deliveryStatusFields(report, isGlobal);
  return `\r\n${partOf(boundary, type, isGlobal ? "8bit" : "7bit")}${fields}`;
}

function returnedPartHeader(boundary: string, { contentType, bytes }: ReturnedContent): string {
  return `\r\n${partOf(boundary, contentType, has8bit(bytes) ? "8bit" : "7bit")}`;
}

function partOf(boundary: string, contentType: string, encoding: string | undefined): string {
  return (
    `--${boundary}\r\nContent-Type: ${contentType}\r\n` +
    `Content-Transfer-Encoding: ${encoding}\r\n\r\n`
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
