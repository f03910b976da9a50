/** The embedded inhabitant of Journal. */
import type { UnitEvent } from "#lib/queue/event";
import { parseQueueId, queueIdTime } from "#lib/queue/queue-id";
import type { Shard } from "#lib/queue/unit";
import { type Incarnation, type Journal, JournalSealed } from "#lib/stream/journal";
import { decodeEvents, encodeEvents } from "#proto/event";
import { QueueFailure, type QueueThread } from "./queue-thread.ts";
import type { LogPlace } from "./tables/log-table.ts";

/** The clock may have stepped back between acceptance and record. */
const clockStepMs = 3_600_000;
const queueIdLength = 26;

export class SqliteJournal implements Journal {
  readonly #thread: QueueThread;

  constructor(thread: QueueThread) {
    this.#thread = thread;
  }

  async append(writer: Incarnation, events: readonly UnitEvent[]): Promise<number> {
    // Sequence 0: it came from the store, and left the log long ago.
    const settled = events
      .filter((event) => event.sequence > 0)
      .map((event): LogPlace => [event.shard, event.sequence]);
    try {
      return await this.#thread.call("append", writer, encodeEvents(events), settled);
    } catch (error) {
      if (error instanceof QueueFailure && error.reason === "JournalSealed") {
        throw new JournalSealed(error.message);
      }
      throw error;
    }
  }

  seal(writer: Incarnation): Promise<number> {
    return this.#thread.call("seal", writer);
  }

  async *replay(writer: Incarnation, shard: Shard, after: number): AsyncGenerator<UnitEvent> {
    for (let from = after; ; ) {
      const page = await this.#thread.call("journalPage", writer, from);
      for (const { record, position } of page) {
        for (const event of decodeEvents(record)) if (event.shard === shard) yield event;
        from = position;
      }
      if (page.length === 0) return;
    }
  }

  async trace(uidPrefix: string, limit: number): Promise<readonly UnitEvent[]> {
    const wanted = Buffer.from(uidPrefix);
    const id = parseQueueId(uidPrefix.slice(0, queueIdLength));
    // Nothing can have happened to it before it was there.
    const since = id === undefined ? 0 : queueIdTime(id) - clockStepMs;
    const found: UnitEvent[] = [];
    for (let from = 0; found.length < limit; ) {
      const page = await this.#thread.call("journalPageSince", since, from);
      if (page.length === 0) break;
      for (const { record, position } of page) {
        // Uids stand in a record as plain text: only few records need to be decoded.
        if (Buffer.from(record.buffer, record.byteOffset, record.length).includes(wanted)) {
          found.push(...decodeEvents(record).filter((event) => event.uid.startsWith(uidPrefix)));
        }
        from = position;
      }
    }
    return found.slice(0, limit);
  }
}
