/**
 * Seam: where events for senders' systems go (ADR 0018). Whoever tells them never waits, and never
 * hears of what became of them: mail does not depend on it.
 */
import type { EventKind, EventRecord } from "#proto/event-record";

export interface EventSink {
  /** Of the process whose sink it is; it stands in each record. */
  readonly node: string;
  /**
   * Takes it and returns at once; never throws. `record` is called later and away from the path of the
   * mail, if anybody wants such events at all: it keeps what it needs, and no content. What cannot be
   * kept is dropped, counted and told.
   */
  emit(kind: EventKind, record: () => EventRecord): void;
  /** Resolves when what was taken so far is written; not before, however long that takes. */
  flush(): Promise<void>;
  /** Writes what it can in a short time; what comes later is dropped. Twice is once. */
  close(): Promise<void>;
}

export interface EventMetrics {
  written(events: number): void;
  dropped(events: number): void;
}

/** Nobody wants any. */
export const noEvents: EventSink = {
  node: "",
  emit() {},
  async flush() {},
  async close() {},
};
