/** A message that was taken, as events for senders' systems: one for each recipient. */
import type { EventSink } from "#lib/events/event-sink";
import { eventTime } from "#lib/events/event-time";
import { protocolName } from "#lib/message/trace-field";
import { queueIdOf, type Unit } from "#lib/queue/unit";
import type { Transaction } from "#lib/smtp/server/step";
import { type EventRecord, eventRecordVersion } from "#proto/event-record";
import type { Origin } from "../receiver.ts";
import { protocolOf } from "./protocol.ts";

export interface Reception {
  readonly units: readonly Unit[];
  readonly transaction: Transaction;
  readonly origin: Origin;
  /** The client's Message-ID field. */
  readonly messageId: string | undefined;
  readonly durationMs: number;
}

export function tellReception(events: EventSink, reception: Reception): void {
  for (const unit of reception.units) {
    for (const { path } of unit.recipients) {
      events.emit("reception", () => receptionRecord(events.node, { reception, unit, path }));
    }
  }
}

interface Received {
  readonly reception: Reception;
  readonly unit: Unit;
  readonly path: string;
}

function receptionRecord(node: string, { reception, unit, path }: Received): EventRecord {
  const { transaction, origin, messageId, durationMs } = reception;
  const { tls, user } = origin;
  const at = eventTime(unit.acceptedAt);
  return {
    v: eventRecordVersion,
    kind: "reception",
    eventId: `${unit.uid}/reception/0/${path}`,
    at,
    node,
    queueId: queueIdOf(unit.uid),
    uid: unit.uid,
    createdAt: at,
    reversePath: unit.envelope.reversePath,
    recipient: path,
    destination: unit.destination,
    sizeBytes: unit.sizeBytes,
    tenant: unit.tenant,
    campaign: unit.campaign,
    pool: unit.pool,
    notBefore: unit.notBefore === undefined ? undefined : eventTime(unit.notBefore),
    messageId,
    durationMs: Math.round(durationMs),
    sessionId: origin.sessionId,
    protocol: protocolName(protocolOf(transaction, origin)),
    tlsProtocol: tls?.protocol,
    tlsCipher: tls?.cipher,
    listener: origin.listener.name,
    clientAddress: origin.clientAddress,
    helo: transaction.helo === "" ? undefined : transaction.helo,
    user: user?.name,
  };
}
