/**
 * The memory inhabitant of Intake, Stream and Journal: one log for the edges and workers of a
 * simulation. It keeps to what JetStream does: purged only by floor, a duplicate window, a limit of
 * bytes; each view of it may have faults of its own.
 */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import { shardOf } from "#lib/queue/shard";
import type { Message, QueueId, Shard, Uid, Unit } from "#lib/queue/unit";
import { queueIdOf } from "#lib/queue/unit";
import { encodeUnit } from "#proto/unit";
import { type Intake, IntakeFull } from "./intake.ts";
import type { Journal } from "./journal.ts";
import { MemoryJournals } from "./memory-journal.ts";
import { MemoryReader, ShardLog } from "./memory-shard-log.ts";
import { SplitQueue, type Splitting } from "./memory-split.ts";
import type { LogEntry, LogReader, Stream } from "./stream.ts";

/**
 * The edge retries an unanswered accept for 30 s; JetStream's window in our cluster is the same.
 */
const duplicateWindowMs = 10 * 60_000;
const repeatableWindowMs = 24 * 3_600_000;
/** Larger content does not travel with the unit; the reader asks for it. */
const inlineBytesMax = 1024 * 1024;

export interface MemoryLogOptions {
  readonly clock: Clock;
  readonly shards: number;
  /** Records and contents together; beyond it `IntakeFull`. */
  readonly bytesMax?: number;
  readonly inlineBytesMax?: number;
  /** When the units of a message come to their shards: at once, or as workers split it (ADR 0009). */
  readonly split?: "atOnce" | "byWorkers";
}

interface StoredContent {
  readonly data: Uint8Array;
  /** Entries of it in logs, and its place in the queue of what is to be split. */
  places: number;
}

export class MemoryLog {
  readonly #clock: Clock;
  readonly #shards: readonly ShardLog[];
  readonly #bytesMax: number;
  readonly #inlineBytesMax: number;
  readonly #isSplitByWorkers: boolean;
  readonly #splits: SplitQueue;
  /** Units published lately, in order. */
  readonly #published = new Map<Uid, number>();
  readonly #contents = new Map<QueueId, StoredContent>();
  /** Ids accepted lately, in order of acceptance, until when each is remembered. */
  readonly #recent = new Map<QueueId, number>();
  readonly #repeatable = new Map<QueueId, number>();
  readonly #journals: MemoryJournals;
  #bytes = 0;

  constructor(options: MemoryLogOptions) {
    this.#clock = options.clock;
    this.#shards = Array.from({ length: options.shards }, () => new ShardLog());
    this.#bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    this.#inlineBytesMax = options.inlineBytesMax ?? inlineBytesMax;
    this.#isSplitByWorkers = options.split === "byWorkers";
    this.#splits = new SplitQueue(options.clock);
    this.#journals = new MemoryJournals(options.clock);
  }

  /** Bytes of what is in the logs now. */
  get bytes(): number {
    return this.#bytes;
  }

  intake(faults?: Faults): Intake {
    const point = { seam: "intake", operation: "accept" } as const;
    return {
      accept: (message) => betweenFaults(faults, point, () => this.#accept(message)),
    };
  }

  stream(faults?: Faults): Stream {
    const seam = "stream";
    const content: Stream["content"] = (id) =>
      betweenFaults(faults, { seam, operation: "content" }, () => this.#contents.get(id)?.data);
    return {
      open: (shard, after) => this.#open(shard, after, faults),
      content,
      contentForSure: content,
      // It has no age here, so it goes with its entry.
      keepContent: () => {},
      end: (shard) =>
        betweenFaults(faults, { seam, operation: "end", shard }, () => this.#log(shard).end),
      // It is gone with its leases.
      origin: async () => undefined,
      confirm: async () => {},
      purge: (shard, floor) =>
        betweenFaults(faults, { seam, operation: "purge", shard }, () => this.#purge(shard, floor)),
    };
  }

  /** For workers, where they split messages. */
  splitting(faults?: Faults): Splitting {
    const seam = "intake";
    return {
      take: (signal) =>
        betweenFaults(faults, { seam, operation: "take" }, () => this.#splits.take(signal)),
      publish: (message, index) =>
        betweenFaults(faults, { seam, operation: "publish" }, () => this.#publish(message, index)),
      acknowledge: (message) =>
        betweenFaults(faults, { seam, operation: "acknowledge" }, () => this.#isSplit(message)),
    };
  }

  /** It stands in no shard's log yet when it is accepted. */
  isSplitLater({ units }: Message): boolean {
    return this.#isSplitByWorkers && units.length > 1;
  }

  journal(faults?: Faults): Journal {
    return this.#journals.view(faults);
  }

  #log(shard: Shard): ShardLog {
    const log = this.#shards[shard];
    assert(log !== undefined, "a shard's number is below the number of shards");
    return log;
  }

  #open(shard: Shard, after: number, faults: Faults | undefined): LogReader {
    return new MemoryReader({ log: this.#log(shard), shard, after, faults });
  }

  #accept(message: Message): void {
    assert(message.units.length > 0, "a message has at least one unit");
    if (this.#isKnown(message.id)) return;
    const records = message.units.map(encodeUnit);
    const bytes = records.reduce((sum, record) => sum + record.length, message.content.length);
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new IntakeFull(`Cannot accept "${message.id}": the log is full`);
    }
    this.#remember(message);
    this.#bytes += bytes;
    this.#contents.set(message.id, { data: message.content, places: 0 });
    if (!this.isSplitLater(message)) {
      message.units.forEach((unit, i) => {
        this.#append(message, unit, records[i]);
      });
      return;
    }
    this.#place(message.id).places += 1;
    this.#splits.add(message);
  }

  #append({ id, content }: Message, unit: Unit, record = encodeUnit(unit)): void {
    this.#place(id).places += 1;
    const isInline = content.length <= this.#inlineBytesMax;
    const log = this.#log(shardOf(unit.destination, this.#shards.length));
    log.append({ uid: unit.uid, record, ...(isInline ? { content } : undefined) });
  }

  #place(id: QueueId): StoredContent {
    const content = this.#contents.get(id);
    assert(content !== undefined, "what has a place has its content");
    return content;
  }

  /** Its room was counted when the message was accepted. */
  #publish(message: Message, index: number): boolean {
    const unit = message.units[index];
    assert(unit !== undefined, "a message is split into its own units");
    const now = this.#clock.monotonic();
    forgetExpired(this.#published, now);
    // Whoever acknowledged it had published all of it.
    if (this.#published.has(unit.uid) || !this.#contents.has(message.id)) return false;
    this.#published.set(unit.uid, now + duplicateWindowMs);
    this.#append(message, unit);
    return true;
  }

  #isSplit({ id }: Message): void {
    if (this.#splits.acknowledge(id)) this.#leave(id);
  }

  #isKnown(id: QueueId): boolean {
    const now = this.#clock.monotonic();
    forgetExpired(this.#recent, now);
    forgetExpired(this.#repeatable, now);
    return this.#contents.has(id) || this.#recent.has(id) || this.#repeatable.has(id);
  }

  #remember(message: Message): void {
    const now = this.#clock.monotonic();
    if (message.isRepeatable) this.#repeatable.set(message.id, now + repeatableWindowMs);
    else this.#recent.set(message.id, now + duplicateWindowMs);
  }

  #purge(shard: Shard, floor: number): void {
    for (const entry of this.#log(shard).purge(floor)) this.#release(entry);
  }

  #release(entry: LogEntry): void {
    this.#bytes -= entry.record.length;
    this.#leave(queueIdOf(entry.uid));
  }

  #leave(id: QueueId): void {
    const content = this.#place(id);
    content.places -= 1;
    if (content.places > 0) return;
    this.#bytes -= content.data.length;
    this.#contents.delete(id);
  }
}

/** All of a map have the same span of life, so the oldest come first. */
function forgetExpired<Id>(ids: Map<Id, number>, now: number): void {
  for (const [id, until] of ids) {
    if (until > now) return;
    ids.delete(id);
  }
}
