/**
 * A record of the journal: the events since the last one, as arrays, since a worker under load
 * writes hundreds at a time. A new field is added at the end; what follows the known ones is
 * ignored. Uids stand in it as plain text, so that a trace can look for them without decoding.
 */
import type { Disposition, RecipientEvent, UnitEvent } from "#lib/queue/event";
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readChoice,
  readCount,
  readDestination,
  readShard,
  readStatus,
  readText,
  readTime,
  readUid,
  refuse,
} from "./record.ts";

export const eventVersion = 1;

/** Written as their index: only ever add at the end. */
const dispositions: readonly Disposition[] = [
  "delivered",
  "failed",
  "deferred",
  "spilled",
  "parked",
  "cancelled",
  "duplicate",
];
const outcomes: readonly RecipientEvent["outcome"][] = [
  "delivered",
  "transient",
  "permanent",
  "expired",
];

export function encodeEvents(events: readonly UnitEvent[]): Uint8Array {
  return encodeRecord([eventVersion, events.map(eventValue)]);
}

function eventValue(event: UnitEvent): readonly unknown[] {
  return [
    event.at,
    event.shard,
    event.sequence,
    event.uid,
    event.destination,
    dispositions.indexOf(event.disposition),
    event.attempt,
    event.recipients.map(recipientValue),
    event.remote,
    event.tls,
    event.durationMs,
    event.nextAttemptAt,
  ];
}

function recipientValue(r: RecipientEvent): readonly unknown[] {
  const value = [r.path, outcomes.indexOf(r.outcome), r.code, r.status, r.text];
  return r.isSuppressed ? [...value, true] : value;
}

/** @throws {UndecodableRecord} */
export function decodeEvents(bytes: Uint8Array): UnitEvent[] {
  const [version, events] = readArray(decodeRecord(bytes, "events"), "events");
  if (version !== eventVersion) refuse("events", `version ${String(version)} is not known`);
  return readArray(events, "events").map(readEvent);
}

function readEvent(value: unknown): UnitEvent {
  const [at, shard, sequence, uid, destination, disposition, attempt, recipients, ...rest] =
    readArray(value, "event");
  const [remote, tls, durationMs, nextAttemptAt] = rest;
  return {
    at: readTime(at, "event's time"),
    shard: readShard(shard, "event's shard"),
    sequence: readCount(sequence, "event's sequence"),
    uid: readUid(uid, "event's uid"),
    destination: readDestination(destination, "event's destination"),
    disposition: readChoice(dispositions, disposition, "event's disposition"),
    recipients: readArray(recipients, "event's recipients").map(readRecipient),
    attempt: readCount(attempt, "event's attempt"),
    ...(remote == null ? undefined : { remote: readText(remote, "event's remote") }),
    ...(tls == null ? undefined : { tls: readText(tls, "event's TLS") }),
    ...(durationMs == null ? undefined : { durationMs: readSpan(durationMs) }),
    ...(nextAttemptAt == null
      ? undefined
      : { nextAttemptAt: readTime(nextAttemptAt, "event's next attempt") }),
  };
}

/** A span comes from the monotonic clock, which knows fractions. */
function readSpan(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  return refuse("event's duration", "it is not a span");
}

function readRecipient(value: unknown): RecipientEvent {
  const [path, outcome, code, status, text, isSuppressed] = readArray(value, "event's recipient");
  return {
    path: readText(path, "event's recipient"),
    outcome: readChoice(outcomes, outcome, "recipient's outcome"),
    ...(code == null ? undefined : { code: readCount(code, "recipient's code") }),
    ...(status == null ? undefined : { status: readStatus(status, "recipient's status") }),
    text: readText(text, "recipient's text"),
    ...(isSuppressed === true ? { isSuppressed } : undefined),
  };
}
