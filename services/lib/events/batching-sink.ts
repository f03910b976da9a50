/**
 * Gathers events and hands them to an outlet in batches, away from the path of the mail. What the
 * outlet does not take waits, up to a limit; beyond it the oldest are dropped, counted and told.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import { Fifo } from "#lib/queue/fifo";
import type { Log } from "#lib/telemetry/log";
import { type EventKind, type EventRecord, eventRecordVersion } from "#proto/event-record";
import type { EventMetrics, EventSink } from "./event-sink.ts";
import { eventTime } from "./event-time.ts";

export interface EventBatch {
  /** Rises by one; the same when the batch is handed in again. */
  readonly n: number;
  readonly records: readonly EventRecord[];
}

export interface EventOutlet {
  /** Rejects when not all of it is known to be written: then it is handed in again. One at a time. */
  write(batch: EventBatch): Promise<void>;
  close(): Promise<void>;
}

export interface BatchingOptions {
  readonly outlet: EventOutlet;
  readonly kinds: readonly EventKind[];
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: EventMetrics;
  /** Default: 50,000, some 50 MB. */
  readonly waitingMax?: number;
}

const waitingMaxDefault = 50_000;
/** Events wait this long for company: a write for each would cost more than making it. */
const gatherMs = 100;
/** Encoded in one piece: half a millisecond in which nothing else runs. */
const batchMax = 500;
const retryMs = 1_000;
/** A process that stops does not wait longer for who does not take its events. */
const closeMaxMs = 2_000;

export class BatchingSink implements EventSink {
  readonly #options: BatchingOptions;
  readonly #wanted: ReadonlySet<EventKind>;
  readonly #waitingMax: number;
  readonly #waiting = new Fifo<() => EventRecord>();
  readonly #openedAt: string;
  readonly #closing = new AbortController();
  /** Dropped, and not told yet. */
  #missing = 0;
  #batches = 0;
  #isFailing = false;
  #cancel: CancelTimer | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: BatchingOptions) {
    this.#options = options;
    this.#wanted = new Set(options.kinds);
    this.#waitingMax = options.waitingMax ?? waitingMaxDefault;
    this.#openedAt = eventTime(options.clock.now());
  }

  /** Events that are not written yet, without those of the batch that is being written. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get node(): string {
    return this.#options.node;
  }

  emit(kind: EventKind, record: () => EventRecord): void {
    if (!this.#wanted.has(kind)) return;
    if (this.#closing.signal.aborted) return this.#options.metrics.dropped(1);
    this.#waiting.push(record);
    if (this.#waiting.length > this.#waitingMax) this.#dropOldest();
    if (this.#running !== undefined) return;
    if (this.#waiting.length >= batchMax) this.#runNow();
    else if (this.#cancel === undefined) this.#gather();
  }

  async flush(): Promise<void> {
    this.#runNow();
    while (this.#running !== undefined || this.#hasMore) await this.#run();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #hasMore(): boolean {
    return this.#waiting.length > 0 || this.#missing > 0;
  }

  #dropOldest(): void {
    this.#waiting.shift();
    this.#missing += 1;
    this.#options.metrics.dropped(1);
  }

  #gather(): void {
    this.#cancel = this.#options.clock.after(gatherMs, () => {
      this.#cancel = undefined;
      void this.#run();
    });
  }

  /** There is company enough. */
  #runNow(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    void this.#run();
  }

  /** Never rejects. */
  #run(): Promise<void> {
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    // A turn later: whoever began it must know that it runs.
    await Promise.resolve();
    while (this.#hasMore) await this.#persist(this.#take());
  }

  #take(): EventBatch {
    this.#batches += 1;
    const records: EventRecord[] = [];
    if (this.#missing > 0) records.push(this.#tellMissing());
    while (records.length < batchMax) {
      const record = this.#waiting.shift();
      if (record === undefined) break;
      records.push(record());
    }
    return { n: this.#batches, records };
  }

  /** It stands where the missing ones would. */
  #tellMissing(): EventRecord {
    const { node, clock } = this.#options;
    const dropped = this.#missing;
    this.#missing = 0;
    return {
      v: eventRecordVersion,
      kind: "dropped",
      eventId: `${node}/dropped/${this.#openedAt}/${this.#batches}`,
      at: eventTime(clock.now()),
      node,
      dropped,
    };
  }

  async #persist(batch: EventBatch): Promise<void> {
    const { outlet, metrics, clock } = this.#options;
    const { signal } = this.#closing;
    for (;;) {
      try {
        await outlet.write(batch);
        metrics.written(batch.records.length);
        this.#tellFailing(undefined);
        return;
      } catch (error) {
        this.#tellFailing(error);
        if (signal.aborted) return this.#giveUp(batch);
        await clock.sleep(retryMs, signal).catch(noMatter);
      }
    }
  }

  /** The last try of a process that stops: there is nobody left to tell. */
  #giveUp({ records }: EventBatch): void {
    const { metrics } = this.#options;
    metrics.dropped(records.filter(({ kind }) => kind !== "dropped").length);
    metrics.dropped(this.#waiting.length);
    while (this.#waiting.shift() !== undefined);
    this.#missing = 0;
  }

  /** Once when it begins, and once when it is over. */
  #tellFailing(error: unknown): void {
    const isFailing = error !== undefined;
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    const { log } = this.#options;
    if (isFailing) log.error("events_wait", { error: String(error), waiting: this.waiting });
    else log.info("events_go_on", { waiting: this.waiting });
  }

  async #close(): Promise<void> {
    const { clock, outlet } = this.#options;
    this.#closing.abort(new Error("the events' sink is closed"));
    const done = new AbortController();
    const late = clock.sleep(closeMaxMs, done.signal).catch(noMatter);
    await Promise.race([this.flush().then(() => outlet.close()), late]);
    done.abort();
  }
}

/** A sleep that was broken off. */
function noMatter(): void {}
