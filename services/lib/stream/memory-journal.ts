/** The memory inhabitant of Journal: all journals of a simulation. */
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import type { UnitEvent } from "#lib/queue/event";
import type { Shard } from "#lib/queue/unit";
import { decodeEvents, encodeEvents } from "#proto/event";
import { type Incarnation, type Journal, JournalSealed } from "./journal.ts";

/** As long as JetStream keeps the stream JOURNAL. */
const keptMs = 72 * 3_600_000;

interface JournalRecord {
  readonly position: number;
  readonly writer: Incarnation;
  readonly at: number;
  readonly record: Uint8Array;
}

export class MemoryJournals {
  readonly #clock: Clock;
  readonly #records: JournalRecord[] = [];
  readonly #last = new Map<Incarnation, number>();
  readonly #sealed = new Set<Incarnation>();
  #position = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  view(faults: Faults | undefined): Journal {
    const seam = "journal";
    return {
      append: (writer, events) =>
        betweenFaults(faults, { seam, operation: "append" }, () => this.#append(writer, events)),
      seal: (writer) =>
        betweenFaults(faults, { seam, operation: "seal" }, () => this.#seal(writer)),
      replay: (writer, shard, after) => this.#replay({ writer, shard, after }, faults),
      trace: (prefix, limit) =>
        betweenFaults(faults, { seam, operation: "trace" }, () => this.#trace(prefix, limit)),
    };
  }

  #append(writer: Incarnation, events: readonly UnitEvent[]): number {
    if (this.#sealed.has(writer)) {
      throw new JournalSealed(`Cannot append to journal "${writer}": it is sealed`);
    }
    this.#forgetOld();
    this.#position += 1;
    const record = encodeEvents(events);
    this.#records.push({ position: this.#position, writer, at: this.#clock.monotonic(), record });
    this.#last.set(writer, this.#position);
    return this.#position;
  }

  #seal(writer: Incarnation): number {
    this.#sealed.add(writer);
    return this.#last.get(writer) ?? 0;
  }

  async *#replay(
    from: { writer: Incarnation; shard: Shard; after: number },
    faults: Faults | undefined,
  ): AsyncGenerator<UnitEvent> {
    const point = { seam: "journal", operation: "replay", shard: from.shard } as const;
    const records = await betweenFaults(faults, point, () =>
      this.#records.filter((r) => r.writer === from.writer && r.position > from.after),
    );
    for (const { record } of records) {
      for (const event of decodeEvents(record)) if (event.shard === from.shard) yield event;
    }
  }

  #trace(prefix: string, limit: number): readonly UnitEvent[] {
    const found: UnitEvent[] = [];
    for (const { record } of this.#records) {
      for (const event of decodeEvents(record)) {
        if (event.uid.startsWith(prefix)) found.push(event);
      }
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  #forgetOld(): void {
    const before = this.#clock.monotonic() - keptMs;
    let old = 0;
    while ((this.#records[old]?.at ?? Number.POSITIVE_INFINITY) < before) old += 1;
    if (old > 0) this.#records.splice(0, old);
  }
}
