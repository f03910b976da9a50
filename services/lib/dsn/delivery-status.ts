/** The machine-readable part of a notification (RFC 3464 §2, RFC 6533 §3). */
import { dateTime } from "#lib/message/date";
import { decodeUtf8Address, decodeXtext, encodeUtf8Address } from "#lib/message/xtext";
import type { Time } from "#lib/queue/unit";
import type { Reply } from "#lib/smtp/reply";
import type { Status } from "#lib/smtp/status";
import { asciiLine, foldedField, isAscii, oneLine } from "./text.ts";
import type { Action } from "./wanted.ts";

/** One recipient as a notification reports it. */
export interface ReportedRecipient {
  readonly path: string;
  /** As received (RFC 3461 §4.2). */
  readonly orcpt?: string;
  readonly status: Status;
  /** What the remote answered. */
  readonly diagnosticCode?: DiagnosticCode;
  /** Our own words; told when there is no `diagnosticCode`, because nobody answered. */
  readonly text?: string;
  /** Host that answered or was tried; `mx1.example.net[192.0.2.1]` is understood. */
  readonly remoteMta?: string;
  readonly lastAttemptDate?: Time;
  /** Only told while it is still being tried. */
  readonly willRetryUntil?: Time;
}

export interface DiagnosticCode {
  readonly type: "smtp" | "x-godwit";
  readonly text: string;
}

export interface DeliveryStatus {
  readonly action: Action;
  readonly reportingMta: string;
  /** As received: xtext. */
  readonly envid?: string;
  readonly arrivalDate: Time;
  readonly recipients: readonly ReportedRecipient[];
}

/** A reply in the words of RFC 3461 §9.2: `550-first 550 last`. */
export function diagnosticCodeOf(reply: Reply): DiagnosticCode {
  const last = reply.lines.length - 1;
  const status = reply.status === undefined ? "" : `${reply.status} `;
  const lines = reply.lines.map(
    (line, i) => `${reply.code}${i === last ? " " : "-"}${status}${line}`,
  );
  return { type: "smtp", text: lines.join(" ") };
}

/**
 * What to tell of the cause: the remote's words, else ours under a type of our own (RFC 3464
 * §2.3.6).
 */
export function diagnosisOf(recipient: ReportedRecipient): DiagnosticCode | undefined {
  const { diagnosticCode, text } = recipient;
  if (diagnosticCode !== undefined || text === undefined) return diagnosticCode;
  return { type: "x-godwit", text };
}

/** The fields, in groups divided by empty lines. `isGlobal`: UTF-8 may stand in them. */
export function deliveryStatusFields(report: DeliveryStatus, isGlobal: boolean): string {
  const groups = [perMessageFields(report)];
  for (const recipient of report.recipients) {
    groups.push(perRecipientFields(report.action, recipient, isGlobal));
  }
  return groups.join("\r\n");
}

function perMessageFields(report: DeliveryStatus): string {
  // RFC 3461 §6.3 (a): what ENVID says, decoded; absent when it was not given.
  const envid = report.envid === undefined ? undefined : originalEnvelopeId(report.envid);
  return (
    foldedField("Reporting-MTA", `dns; ${report.reportingMta}`) +
    (envid === undefined ? "" : foldedField("Original-Envelope-Id", envid)) +
    foldedField("Arrival-Date", dateTime(report.arrivalDate))
  );
}

function perRecipientFields(
  action: Action,
  recipient: ReportedRecipient,
  isGlobal: boolean,
): string {
  const { remoteMta, lastAttemptDate, willRetryUntil } = recipient;
  const diagnosis = diagnosisOf(recipient);
  const clean = isGlobal ? oneLine : asciiLine;
  // RFC 3461 §6.3 (d): Original-Recipient stands if and only if ORCPT was given.
  const original =
    recipient.orcpt === undefined ? undefined : originalRecipient(recipient.orcpt, isGlobal);
  const fields = [
    original === undefined ? "" : addressField("Original-Recipient", original),
    addressField("Final-Recipient", finalRecipient(recipient.path, isGlobal)),
    foldedField("Action", action),
    foldedField("Status", recipient.status),
    remoteMta === undefined ? "" : foldedField("Remote-MTA", `dns; ${remoteName(remoteMta)}`),
    diagnosis === undefined
      ? ""
      : foldedField("Diagnostic-Code", `${diagnosis.type}; ${clean(diagnosis.text)}`),
    lastAttemptDate === undefined
      ? ""
      : foldedField("Last-Attempt-Date", dateTime(lastAttemptDate)),
    // RFC 3464 §2.3.9: only for a recipient that is still being tried.
    action !== "delayed" || willRetryUntil === undefined
      ? ""
      : foldedField("Will-Retry-Until", dateTime(willRetryUntil)),
  ];
  return fields.join("");
}

/** Never folded: a quoted local part may hold blanks that count. */
function addressField(name: string, typedAddress: string): string {
  return `${name}: ${typedAddress}\r\n`;
}

/** A malformed ENVID is told as it came rather than dropped: the sender can still match it. */
function originalEnvelopeId(envid: string): string {
  return decodeXtext(envid) ?? asciiLine(envid);
}

function originalRecipient(orcpt: string, isGlobal: boolean): string {
  const semicolon = orcpt.indexOf(";");
  const type = asciiLine(semicolon < 0 ? "rfc822" : orcpt.slice(0, semicolon));
  const encoded = orcpt.slice(semicolon + 1);
  if (type.toLowerCase() === "utf-8") return `${type};${utf8Address(encoded, isGlobal)}`;
  return `${type};${decodeXtext(encoded) ?? asciiLine(encoded)}`;
}

/** RFC 6533 §3: UTF-8 as it is where the part may hold it, else in its 7-bit form. */
function utf8Address(encoded: string, isGlobal: boolean): string {
  const address = decodeUtf8Address(encoded);
  if (address === undefined) return asciiLine(encoded);
  return isGlobal ? address : encodeUtf8Address(address);
}

function finalRecipient(path: string, isGlobal: boolean): string {
  const address = oneLine(path);
  if (isAscii(address)) return `rfc822;${address}`;
  return `utf-8;${isGlobal ? address : encodeUtf8Address(address)}`;
}

/** `mx1.example.net[192.0.2.1]` as `mx1.example.net`; an address alone as its literal. */
function remoteName(remoteMta: string): string {
  const bracket = remoteMta.indexOf("[");
  return asciiLine(bracket > 0 ? remoteMta.slice(0, bracket) : remoteMta);
}
