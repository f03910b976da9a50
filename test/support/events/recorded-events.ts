/** Has each event as soon as it is told. */
import type { EventSink } from "#lib/events/event-sink";
import { type EventKind, type EventRecord, eventKinds } from "#proto/event-record";

export class RecordedEvents implements EventSink {
  readonly node = "mta1.example.net";
  readonly records: EventRecord[] = [];
  readonly #wanted: ReadonlySet<EventKind>;

  constructor(kinds: readonly EventKind[] = eventKinds) {
    this.#wanted = new Set(kinds);
  }

  emit(kind: EventKind, record: () => EventRecord): void {
    if (this.#wanted.has(kind)) this.records.push(record());
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
