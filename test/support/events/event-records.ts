/** Events for tests: each is another one, and the same at each run. */
import type { EventSink } from "#lib/events/event-sink";
import { type EventKind, type EventRecord, eventRecordVersion } from "#proto/event-record";

export function eventOf(n: number, kind: EventKind = "delivery"): EventRecord {
  return {
    v: eventRecordVersion,
    kind,
    eventId: `01JDF8Z5T0ABCDEFGHJKMNPQRS.0/${kind}/${n}/b@b.example`,
    at: new Date(1_700_000_000_000 + n).toISOString(),
    node: "mta1.example.net",
    recipient: "b@b.example",
    attempt: n,
  };
}

export function eventsOf(count: number, kind?: EventKind): readonly EventRecord[] {
  return Array.from({ length: count }, (_, n) => eventOf(n, kind));
}

export function tell(sink: EventSink, ...events: readonly EventRecord[]): void {
  for (const event of events) sink.emit(event.kind, () => event);
}

/** Counts as a process' metrics do. */
export function countedEvents() {
  const counted = { written: 0, dropped: 0 };
  const metrics = {
    written: (events: number) => {
      counted.written += events;
    },
    dropped: (events: number) => {
      counted.dropped += events;
    },
  };
  return { counted, metrics };
}
