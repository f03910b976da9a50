/** Group commit of outcomes: one record in flight, carrying everything since the last one (DESIGN §4.7). */
import type { Clock } from "#lib/clock";
import type { UnitEvent } from "#lib/queue/event";
import type { Shard } from "#lib/queue/unit";
import { type Incarnation, type Journal, JournalSealed } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";

/** Events of one record: bounds its size (JetStream takes 1 MiB a message). */
const eventsPerRecordMax = 1_000;

/**
 * Without an answer for so long nothing new may be started: all that is delivered meanwhile would be
 * delivered again by whoever took over (DESIGN §8). More than a busy disk takes.
 */
const pauseAfterMs = 2_000;

interface Waiting {
  readonly event: UnitEvent;
  readonly settled: (position: number) => void;
}

export interface JournalWriterPorts {
  readonly journal: Journal;
  readonly writer: Incarnation;
  readonly clock: Clock;
  readonly log: Log;
  readonly retryMs: number;
  /** A record was durable so long after it was handed over; a journal that was away counts, too. */
  readonly appended?: (durationMs: number) => void;
  /** Nothing new may be started, or it may again. */
  readonly pause: (isPaused: boolean) => void;
  /**
   * Called once: another worker has taken over, nothing of ours counts any more. These are not
   * recorded, and will not be: what they tell of is tried again.
   */
  readonly onSealed: (unrecorded: readonly UnitEvent[]) => void;
}

export class JournalWriter {
  readonly #ports: JournalWriterPorts;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #isSealed = false;
  #isUnanswered = false;
  #position = 0;
  /** Events of each shard that wait or are on their way. */
  readonly #pending = new Map<Shard, number>();
  #flushWaiters: { readonly shard: Shard; readonly flushed: () => void }[] = [];

  constructor(ports: JournalWriterPorts) {
    this.#ports = ports;
  }

  /** The position of the last record that is durable. */
  get position(): number {
    return this.#position;
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** True while a record has been on its way for so long that nothing new is started. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** Calls `settled` with the record's position when the event is durable; never when the journal was sealed before. */
  record(event: UnitEvent, settled: (position: number) => void): void {
    if (this.#isSealed) return;
    this.#waiting.push({ event, settled });
    this.#pending.set(event.shard, (this.#pending.get(event.shard) ?? 0) + 1);
    if (!this.#isWriting) void this.#writeAll();
  }

  /** Resolves when nothing of the shard is on its way to the journal any more, or nothing can be. */
  flushed(shard: Shard): Promise<void> {
    return new Promise((flushed) => {
      this.#flushWaiters.push({ shard, flushed });
      this.#tellFlushed();
    });
  }

  #tellFlushed(): void {
    const isFlushed = (shard: Shard) => this.#isSealed || !this.#pending.has(shard);
    const told = this.#flushWaiters.filter(({ shard }) => isFlushed(shard));
    this.#flushWaiters = this.#flushWaiters.filter(({ shard }) => !isFlushed(shard));
    for (const { flushed } of told) flushed();
  }

  #settle({ event, settled }: Waiting): void {
    const left = (this.#pending.get(event.shard) ?? 0) - 1;
    if (left > 0) this.#pending.set(event.shard, left);
    else this.#pending.delete(event.shard);
    try {
      settled(this.#position);
    } catch (error) {
      // One unit's broken promise must not keep the others from being recorded.
      this.#ports.log.error("settled_failed", { uid: event.uid, error: String(error) });
    }
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // What is recorded in this turn of the event loop joins the first record.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#isSealed) {
      const batch = this.#waiting.splice(0, eventsPerRecordMax);
      await this.#appendWatched(batch);
      if (this.#flushWaiters.length > 0) this.#tellFlushed();
    }
    this.#isWriting = false;
  }

  async #appendWatched(batch: readonly Waiting[]): Promise<void> {
    const { clock, log, pause, appended } = this.#ports;
    const since = clock.monotonic();
    const cancel = clock.after(pauseAfterMs, () => {
      this.#isUnanswered = true;
      log.warn("journal_waits", { events: batch.length });
      pause(true);
    });
    await this.#append(batch);
    cancel();
    if (!this.#isSealed) appended?.(clock.monotonic() - since);
    // Sealed it never goes on.
    if (!this.#isUnanswered || this.#isSealed) return;
    this.#isUnanswered = false;
    log.info("journal_goes_on", { waited_ms: Math.round(clock.monotonic() - since) });
    pause(false);
  }

  /** Until it is durable or refused for good: nothing else may be decided about these units. */
  async #append(batch: readonly Waiting[]): Promise<void> {
    const { journal, writer, clock, log, retryMs } = this.#ports;
    const events = batch.map(({ event }) => event);
    for (;;) {
      try {
        const position = await journal.append(writer, events);
        // In one step: a checkpoint in between would pass over what this record settles.
        this.#position = position;
        for (const waiting of batch) this.#settle(waiting);
        return;
      } catch (error) {
        if (error instanceof JournalSealed) {
          this.#isSealed = true;
          const waiting = this.#waiting.splice(0).map(({ event }) => event);
          this.#ports.onSealed([...events, ...waiting]);
          return;
        }
        log.error("journal_append_failed", { error: String(error), events: events.length });
        await clock.sleep(retryMs);
      }
    }
  }
}
