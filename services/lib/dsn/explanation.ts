/** The part of a notification that people read: what happened, to whom, who said so, what to do. */
import { dateTime } from "#lib/message/date";
import type { QueueId, Time } from "#lib/queue/unit";
import { adviceFor } from "./advice.ts";
import { diagnosisOf, type ReportedRecipient } from "./delivery-status.ts";
import { oneLine, wrapped } from "./text.ts";
import type { Action } from "./wanted.ts";

export interface Explanation {
  readonly action: Action;
  readonly reportingMta: string;
  readonly arrivalDate: Time;
  /** The original's, as the 250 reply told it: what the postmaster will ask for. */
  readonly queueId?: QueueId;
  /** Of the original, when it is plain ASCII. */
  readonly subject?: string;
  readonly recipients: readonly ReportedRecipient[];
  readonly returnsFullContent: boolean;
}

const indent = "    ";

export function explanationText(explanation: Explanation): string {
  const { action, recipients, reportingMta } = explanation;
  const paragraphs = [
    wrapped(`This is the mail system at ${reportingMta}.`, "", ""),
    wrapped(openingSentence(action, recipients.length), "", ""),
    messageLines(explanation),
    ...recipients.map((recipient) => recipientParagraph(action, recipient)),
    wrapped(closingSentence(explanation), "", ""),
  ];
  return `${paragraphs.join("\r\n\r\n")}\r\n`;
}

function openingSentence(action: Action, count: number): string {
  const whom = count === 1 ? "the address below" : `the ${count} addresses below`;
  switch (action) {
    case "failed":
      return `Your message could not be delivered to ${whom}. We have stopped trying.`;
    case "delayed":
      return `Your message has not yet been delivered to ${whom}. You need not send it again: we go on trying by ourselves, and tell you if we have to give up.`;
    case "delivered":
      return `As you asked to be told: your message was delivered to ${whom}.`;
    case "relayed":
      return `As you asked to be told: your message for ${whom} was handed to the next mail system, which sends no confirmation of its own. Unless that system reports a failure, you will hear nothing more.`;
  }
}

function messageLines({ arrivalDate, subject, queueId }: Explanation): string {
  const lines = [`Sent:    ${dateTime(arrivalDate)}`];
  if (subject !== undefined) lines.push(`Subject: ${oneLine(subject).slice(0, subjectLengthMax)}`);
  if (queueId !== undefined) lines.push(`Number:  ${queueId}`);
  return lines.join("\r\n");
}

/** Enough to recognise the message by. */
const subjectLengthMax = 120;

function recipientParagraph(action: Action, recipient: ReportedRecipient): string {
  const sentences = [said(recipient), whatNext(action, recipient)].filter((s) => s !== "");
  return [oneLine(recipient.path), ...sentences.map((s) => wrapped(s, indent, indent))].join(
    "\r\n",
  );
}

function said(recipient: ReportedRecipient): string {
  const { remoteMta } = recipient;
  const diagnosis = diagnosisOf(recipient);
  if (diagnosis === undefined) return "";
  const text = oneLine(diagnosis.text);
  const host = remoteMta === undefined ? "" : ` ${oneLine(remoteMta)}`;
  return diagnosis.type === "smtp"
    ? `The mail server${host} answered: ${text}`
    : `What went wrong: ${text}${host === "" ? "" : ` (tried:${host})`}`;
}

function whatNext(action: Action, recipient: ReportedRecipient): string {
  if (action === "failed") return adviceFor(recipient.status);
  if (action !== "delayed" || recipient.willRetryUntil === undefined) return "";
  return `We will try until ${dateTime(recipient.willRetryUntil)}.`;
}

function closingSentence({ returnsFullContent }: Explanation): string {
  const returned = returnsFullContent ? "your message" : "the header of your message";
  return `This notice was written by a program, and nobody reads answers to it. What follows are the details for experts, and ${returned}.`;
}
