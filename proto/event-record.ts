/**
 * An event as senders' systems read it: one for each recipient and step (ADR 0018). Its JSON form is
 * public and described in deploy/events.md: a field is never renamed, and never gets another meaning.
 * A new one may come at any time; the version rises only when an older reader would misunderstand.
 */
import { readMap, refuse } from "./record.ts";

export const eventRecordVersion = 1;

export const eventKinds = [
  "reception",
  "transient",
  "delivery",
  "bounce",
  "expiration",
  "suppression",
  "admin",
  "limitChange",
  "dropped",
] as const;
export type EventKind = (typeof eventKinds)[number];

/** What is not known is absent. Times are ISO 8601 in UTC, with milliseconds. */
export interface EventRecord {
  /** First in each record, as `encodeEventRecords` needs it. */
  readonly v: typeof eventRecordVersion;
  readonly kind: EventKind;
  /** The same when the record comes again. */
  readonly eventId: string;
  readonly at: string;
  /** The process that tells: its host's or pod's name. */
  readonly node: string;

  /** Of the message: the id of the 250 reply and of `Received`. */
  readonly queueId?: string | undefined;
  readonly uid?: string | undefined;
  readonly createdAt?: string | undefined;
  /** Empty for the null reverse-path. */
  readonly reversePath?: string | undefined;
  readonly recipient?: string | undefined;
  readonly destination?: string | undefined;
  readonly provider?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly tenant?: string | undefined;
  readonly campaign?: string | undefined;
  readonly pool?: string | undefined;
  /** Its sender does not want it tried before. */
  readonly notBefore?: string | undefined;
  /** One of ours, about another message. */
  readonly isNotification?: true | undefined;
  /** The field of that name, with its brackets. */
  readonly messageId?: string | undefined;

  /** Of the attempt: which one, and how long it took. */
  readonly attempt?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly nextAttemptAt?: string | undefined;
  /** The remote host's reply, or our own words where there was none. */
  readonly code?: number | undefined;
  readonly status?: string | undefined;
  readonly text?: string | undefined;
  readonly bounceClass?: string | undefined;
  /** Who answered last. */
  readonly remoteHost?: string | undefined;
  readonly remoteAddress?: string | undefined;
  readonly source?: string | undefined;
  readonly sourceAddress?: string | undefined;

  /** Of the session it came or went with. */
  readonly sessionId?: string | undefined;
  /** SMTP, ESMTP, ESMTPSA …, LMTP (RFC 3848). */
  readonly protocol?: string | undefined;
  readonly tlsProtocol?: string | undefined;
  readonly tlsCipher?: string | undefined;
  /** The name in the peer's certificate. */
  readonly tlsPeer?: string | undefined;
  readonly listener?: string | undefined;
  readonly clientAddress?: string | undefined;
  readonly helo?: string | undefined;
  readonly user?: string | undefined;

  /** Of an operator's command, or of a rule. */
  readonly action?: string | undefined;
  readonly reason?: string | undefined;
  /** Units that it reached at once. */
  readonly units?: number | undefined;
  /** Of the suppression list, where they are too many for an event each. */
  readonly entries?: number | undefined;
  /** What a rule has set, and for whom: destination, provider, source, tenant, campaign. */
  readonly rule?: string | undefined;
  readonly measure?: string | undefined;
  readonly effect?: string | undefined;
  readonly limit?: string | undefined;
  readonly until?: string | undefined;

  /** Events that are missing before this one. */
  readonly dropped?: number | undefined;
}

/** A line of JSON with its line end. */
export function encodeEventRecord(record: EventRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** Between two records of an array. In a text of theirs its quotes would be escaped. */
const between = `},{"v":${eventRecordVersion},`;
const onLinesOfTheirOwn = `}\n{"v":${eventRecordVersion},`;

/** A line for each. Made in one call: one for each would take half as long again. */
export function encodeEventRecords(records: readonly EventRecord[]): string {
  if (records.length === 0) return "";
  return `${JSON.stringify(records).slice(1, -1).replaceAll(between, onLinesOfTheirOwn)}\n`;
}

/** What every version has, and the rest as it stands. */
export interface ReadEvent extends Readonly<Record<string, unknown>> {
  readonly v: number;
  /** One that a newer version added may be none of `eventKinds`. */
  readonly kind: string;
  readonly eventId: string;
  readonly at: string;
  readonly node: string;
}

/** @throws {UndecodableRecord} */
export function decodeEventRecord(line: string): ReadEvent {
  const fields = readMap(jsonOf(line), "event record");
  const { v, kind, eventId, at, node } = fields;
  if (v !== eventRecordVersion) refuse("event record", `version ${String(v)} is not known`);
  return {
    ...fields,
    v: eventRecordVersion,
    kind: word(kind, "kind"),
    eventId: word(eventId, "eventId"),
    at: word(at, "at"),
    node: word(node, "node"),
  };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return refuse("event record", "it is no JSON");
  }
}

function word(value: unknown, field: string): string {
  if (typeof value === "string" && value !== "") return value;
  return refuse("event record", `${field} is no text`);
}
