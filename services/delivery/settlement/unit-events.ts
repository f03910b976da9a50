/** How a unit's attempt, or its wait, ended, as events for senders' systems: one for each recipient. */
import type { BounceClass } from "#lib/bounces/bounce-class";
import { shippedClassifier } from "#lib/bounces/shipped-rules";
import type { EventSink } from "#lib/events/event-sink";
import { eventTime } from "#lib/events/event-time";
import type { Disposition, RecipientEvent } from "#lib/queue/event";
import { queueIdOf, type Time, type Unit } from "#lib/queue/unit";
import { type EventKind, type EventRecord, eventRecordVersion } from "#proto/event-record";
import type { AttemptReport } from "../attempt/attempt.ts";

export interface UnitEnding {
  readonly at: Time;
  readonly disposition: Disposition;
  readonly recipients: readonly RecipientEvent[];
  readonly attempt: number;
  readonly report?: AttemptReport;
  readonly nextAttemptAt?: Time;
  readonly provider: string | undefined;
}

const kinds: Readonly<Record<RecipientEvent["outcome"], EventKind>> = {
  delivered: "delivery",
  transient: "transient",
  permanent: "bounce",
  expired: "expiration",
};
/** A host may say a lot; what is behind it tells nobody more. */
const textMax = 2_048;

/** To be called when the journal has it: what is told must not be undone by a crash. */
export function tellEnding(events: EventSink, unit: Unit, ending: UnitEnding): void {
  const { recipients, disposition } = ending;
  for (const recipient of recipients) {
    const kind = recipient.isSuppressed ? "suppression" : kinds[recipient.outcome];
    events.emit(kind, () => attemptRecord(events.node, { unit, ending, recipient, kind }));
  }
  if (disposition === "cancelled") tellCancelled(events, unit, ending);
}

/** What was done before the operator's word reached it is done, and not cancelled. */
function tellCancelled(events: EventSink, unit: Unit, ending: UnitEnding): void {
  const isDone = ({ outcome }: RecipientEvent) => outcome !== "transient";
  const done = new Set(ending.recipients.filter(isDone).map(({ path }) => path));
  for (const { path } of unit.recipients) {
    if (done.has(path)) continue;
    events.emit("admin", () => ({
      v: eventRecordVersion,
      kind: "admin",
      eventId: `${unit.uid}/admin/${ending.attempt}/${path}`,
      at: eventTime(ending.at),
      node: events.node,
      action: "cancel",
      queueId: queueIdOf(unit.uid),
      uid: unit.uid,
      createdAt: eventTime(unit.acceptedAt),
      reversePath: unit.envelope.reversePath,
      recipient: path,
      destination: unit.destination,
      sizeBytes: unit.sizeBytes,
      tenant: unit.tenant,
      campaign: unit.campaign,
      pool: unit.pool,
      isNotification: unit.isNotification || undefined,
      attempt: ending.attempt,
    }));
  }
}

/** One literal for each, since this is done for each recipient: what is spread is copied by name. */
function attemptRecord(
  node: string,
  of: {
    readonly unit: Unit;
    readonly ending: UnitEnding;
    readonly recipient: RecipientEvent;
    readonly kind: EventKind;
  },
): EventRecord {
  const { unit, ending, recipient, kind } = of;
  const { report, nextAttemptAt, attempt } = ending;
  const { path, text } = recipient;
  const isWaiting = kind === "transient" && nextAttemptAt !== undefined;
  // Of a unit whose other recipients were tried, too, that is all the same for this one.
  const tried = kind === "suppression" ? undefined : report;
  return {
    v: eventRecordVersion,
    kind,
    eventId: `${unit.uid}/${kind}/${attempt}/${path}`,
    at: eventTime(ending.at),
    node,
    queueId: queueIdOf(unit.uid),
    uid: unit.uid,
    createdAt: eventTime(unit.acceptedAt),
    reversePath: unit.envelope.reversePath,
    recipient: path,
    destination: unit.destination,
    provider: ending.provider,
    sizeBytes: unit.sizeBytes,
    tenant: unit.tenant,
    campaign: unit.campaign,
    pool: tried?.source === undefined ? unit.pool : tried.pool,
    isNotification: unit.isNotification || undefined,
    attempt,
    durationMs: tried === undefined ? undefined : Math.round(tried.durationMs),
    nextAttemptAt: isWaiting ? eventTime(nextAttemptAt) : undefined,
    code: recipient.code,
    status: recipient.status,
    text: text.length > textMax ? text.slice(0, textMax) : text,
    bounceClass: bounceClassOf(kind, ending, recipient),
    remoteHost: tried?.remoteName,
    remoteAddress: tried === undefined ? undefined : addressOf(tried),
    source: tried?.source,
    sessionId: tried?.sessionId,
    protocol: tried?.transmission,
    sourceAddress: tried?.sourceAddress,
    tlsProtocol: tried?.tls?.protocol,
    tlsCipher: tried?.tls?.cipher,
    tlsPeer: tried?.tls?.peer,
  };
}

/** The same as in the bounce record. */
function bounceClassOf(
  kind: EventKind,
  { report }: UnitEnding,
  { code, status, text }: RecipientEvent,
): BounceClass | undefined {
  if (kind === "suppression") return "suppressed";
  if (kind === "expiration") return "expired";
  if (kind !== "bounce") return undefined;
  const remote = report?.remoteName;
  const told = shippedClassifier()({
    ...{ status: status ?? "5.0.0", text },
    ...(code === undefined ? {} : { code }),
    ...(remote === undefined ? {} : { remote }),
  });
  return told.class;
}

/** Of `mx1.example.net[192.0.2.1]`. */
function addressOf({ remote, remoteName }: AttemptReport): string | undefined {
  if (remote === undefined || remoteName === undefined) return undefined;
  return remote.slice(remoteName.length + 1, -1);
}
