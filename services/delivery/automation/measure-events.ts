/** What rules on replies have set and lifted, as events for senders' systems. */
import type { MeasureEffect } from "#lib/automation/measure";
import type { EventSink } from "#lib/events/event-sink";
import { eventTime } from "#lib/events/event-time";
import { printByteRate, printRate } from "#lib/limits/rate";
import type { Time } from "#lib/queue/unit";
import { type EventRecord, eventRecordVersion } from "#proto/event-record";
import type { MeasureChange } from "./measures.ts";

/** Each is told by the worker that started it; of a worker that is gone `until` was told. */
export function tellMeasure(events: EventSink, change: MeasureChange, now: Time): void {
  if (!change.isOwn) return;
  events.emit("limitChange", () => measureRecord(events.node, change, now));
}

function measureRecord(node: string, { kind, measure }: MeasureChange, now: Time): EventRecord {
  const { id, rule, effect, scope, until, sample, renewedAt } = measure;
  const { destination, provider, source, tenant, campaign } = scope;
  return {
    v: eventRecordVersion,
    kind: "limitChange",
    eventId: `${id}/limitChange/${kind}/${eventTime(renewedAt)}`,
    at: eventTime(now),
    node,
    action: kind,
    rule,
    measure: id,
    effect: effect.kind,
    limit: limitText(effect),
    ...{ destination, provider, source, tenant, campaign },
    remoteHost: effect.kind === "skipHost" ? effect.host : undefined,
    until: kind === "started" || kind === "renewed" ? eventTime(until) : undefined,
    text: sample,
  };
}

function limitText(effect: MeasureEffect): string | undefined {
  if (effect.kind !== "limit") return undefined;
  const { limit } = effect;
  if ("max" in limit) return `${limit.kind} ${limit.max}`;
  return `${limit.kind} ${limit.kind === "bytes" ? printByteRate(limit.rate) : printRate(limit.rate)}`;
}
