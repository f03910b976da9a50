/** Reads a shard's log in order into the working set, as long as there is room. */

import type { Clock } from "#lib/clock";
import type { Shard, Time, Uid } from "#lib/queue/unit";
import type { Store, StoredUnit } from "#lib/store/store";
import type { LogEntry, LogReader, PullLimit } from "#lib/stream/stream";
import { rejectOnAbort, Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import { decodeUnit } from "#proto/unit";
import type { DeliveryMetrics } from "../metrics.ts";
import type { ShardProgress } from "./progress.ts";
import { fromLog, type QueuedUnit, unitBytes } from "./queued-unit.ts";
import type { Takeover } from "./takeover.ts";
import type { WorkingSet } from "./working-set.ts";

/** Entries of one pull: what is parsed before others get a turn. */
const pulledMax = 500;

/** Entries being parked at once: a store that is away must not keep all others from being tried. */
const parkingMax = 32;

/**
 * Suspects set aside while the store is away, so that what is behind them is tried; with these, and
 * what came in the same pull, the log is not read until it answers.
 */
const asideMax = { count: 1_000, bytes: 4 * 1024 * 1024 } as const;

/** Under load it stops for moments, again and again: that is no news. */
const tellAfterMs = 5_000;

export interface LogFeedPorts {
  readonly shard: Shard;
  readonly reader: LogReader;
  readonly takeover: Takeover;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly progress: ShardProgress;
  readonly working: WorkingSet;
  readonly storeRetryMs: number;
  /** Units to be tried, in order; resolves when more may be read. */
  readonly offer: (units: readonly QueuedUnit[]) => Promise<void>;
  /** A suspect that the store has already: settle it as such. */
  readonly alreadyDeferred: (queued: QueuedUnit) => void;
  /** The same unit a second time, while the first is in memory. */
  readonly duplicate: (queued: QueuedUnit) => void;
  /** An entry nobody can read: keep it for the operator, then settle it. Never rejects. */
  readonly park: (entry: LogEntry, reason: string) => Promise<void>;
}

export class LogFeed {
  readonly #ports: LogFeedPorts;
  readonly #parked = new Waiters();
  #parking = 0;
  /** Read, not settled, and in nobody's hands: the floor stays below them, as below all others. */
  readonly #aside: LogEntry[] = [];
  #isLookingUp = false;
  /** When the newest unit read was accepted; undefined: the log's end was reached. */
  #newest: Time | undefined;
  /** Since when the log is asked: who waits for mail to come is not behind. */
  #askedAt: Time | undefined;
  readonly #lookedUp = new Waiters();

  constructor(ports: LogFeedPorts) {
    this.#ports = ports;
  }

  /** Suspects that are not looked up yet, since the store is away. */
  get suspects(): readonly LogEntry[] {
    return this.#aside;
  }

  /** How old the mail is that it reads: what is behind it in the log waits for at most so long. */
  get behindMs(): number {
    if (this.#newest === undefined) return 0;
    return Math.max(0, (this.#askedAt ?? this.#ports.clock.now()) - this.#newest);
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { reader, clock, log, storeRetryMs } = this.#ports;
    while (!signal.aborted) {
      try {
        await this.#room();
        if (signal.aborted) return;
        this.#askedAt = clock.now();
        const limit = this.#pullLimit();
        const { entries, through } = await reader.pull(limit, signal);
        this.#askedAt = undefined;
        await this.#take(entries, signal);
        this.#ports.progress.through(through);
        if (!isFull(entries, limit) && this.#ports.working.hasRoom) this.#newest = undefined;
      } catch (error) {
        if (signal.aborted) return;
        log.error("log_read_failed", { shard: this.#ports.shard, error: String(error) });
        await clock.sleep(storeRetryMs);
      }
    }
  }

  /** Half for what units weigh beside their contents, half for these. */
  #pullLimit(): PullLimit {
    const bytesMax = Math.floor(this.#ports.working.readBytes / 2);
    return { countMax: Math.min(pulledMax, Math.floor(bytesMax / unitBytes)), bytesMax };
  }

  /** What cannot be settled now waits here, so far; the rest waits in the log (DESIGN §6). */
  async #room(): Promise<void> {
    const { working, clock, log, shard } = this.#ports;
    if (working.hasRoom) return;
    const since = clock.monotonic();
    let isTold = false;
    const cancelTelling = clock.after(tellAfterMs, () => {
      isTold = true;
      log.warn("shard_stops_reading", { shard, units: working.unitCount, bytes: working.bytes });
    });
    await working.room();
    cancelTelling();
    const stoppedMs = Math.round(clock.monotonic() - since);
    if (isTold) log.info("shard_reads_on", { shard, stopped_ms: stoppedMs });
  }

  async #take(entries: readonly LogEntry[], signal: AbortSignal): Promise<void> {
    const { progress, takeover } = this.#ports;
    const fresh: LogEntry[] = [];
    for (const entry of entries) {
      // Handed out again, as a server that lost its consumer may do: whose it was goes on with it.
      if (!progress.read(entry.sequence)) continue;
      if (takeover.settled.has(entry.sequence)) progress.settledBefore(entry.sequence);
      else fresh.push(entry);
    }
    // Looked for in all of them: the lane that overtakes may come first, with one that is behind them.
    const suspects = fresh.filter((entry) => this.#isSuspect(entry));
    // While others wait for the store it is not asked here: it may take its time to fail.
    const stored = this.#isLookingUp ? undefined : await this.#findStored(suspects);
    if (signal.aborted) return;
    if (stored !== undefined) return await this.#place(fresh, stored);
    this.#aside.push(...suspects);
    if (!this.#isLookingUp) void this.#lookUpAside(signal);
    const others = fresh.filter((entry) => !this.#isSuspect(entry));
    await this.#place(others, new Map());
    while (this.#isAsideFull) await rejectOnAbort(this.#lookedUp.wait(), signal);
  }

  #isSuspect({ sequence }: LogEntry): boolean {
    return sequence <= this.#ports.takeover.suspectThrough;
  }

  async #place(fresh: readonly LogEntry[], stored: ReadonlyMap<Uid, StoredUnit>): Promise<void> {
    const units: QueuedUnit[] = [];
    for (const entry of fresh) {
      const queued = await this.#decode(entry);
      if (queued === undefined) continue;
      // Not one that is only claimed: a row in the store without a unit is a hint that leads nowhere.
      if (this.#ports.working.unit(entry.uid) !== undefined) {
        this.#ports.duplicate(queued);
        continue;
      }
      this.#ports.working.add(queued);
      if (stored.has(entry.uid)) this.#foundDeferred(queued);
      else units.push(queued);
    }
    await this.#ports.offer(units);
  }

  /**
   * A crash between the store's write and the journal's is harmless, because of this look (DESIGN §4).
   * Undefined when the store is away.
   */
  async #findStored(
    suspects: readonly LogEntry[],
  ): Promise<ReadonlyMap<Uid, StoredUnit> | undefined> {
    const { store, log, shard } = this.#ports;
    if (suspects.length === 0) return new Map();
    try {
      return await store.find(suspects.map((entry) => entry.uid));
    } catch (error) {
      log.error("suspects_wait", { shard, error: String(error) });
      return undefined;
    }
  }

  get #isAsideFull(): boolean {
    const bytes = this.#aside.reduce((sum, entry) => sum + weightOf(entry), 0);
    return this.#aside.length >= asideMax.count || bytes >= asideMax.bytes;
  }

  /** Until none is left, or the signal aborts: then they are the next owner's suspects. Never rejects. */
  async #lookUpAside(signal: AbortSignal): Promise<void> {
    const { clock, storeRetryMs } = this.#ports;
    this.#isLookingUp = true;
    let isAnswered = false;
    while (!signal.aborted && this.#aside.length > 0) {
      if (!isAnswered) await clock.sleep(storeRetryMs, signal).catch(() => undefined);
      isAnswered = await this.#lookUpSome(signal);
    }
    this.#isLookingUp = false;
  }

  /** False when the store is still away. */
  async #lookUpSome(signal: AbortSignal): Promise<boolean> {
    const { working, log, shard } = this.#ports;
    try {
      await working.room();
      const batch = this.#aside.slice(0, pulledMax);
      const stored = await this.#findStored(batch);
      if (stored === undefined || signal.aborted) return false;
      // Before they are placed: nobody places one twice.
      this.#aside.splice(0, batch.length);
      this.#lookedUp.wake();
      await this.#place(batch, stored);
      return true;
    } catch (error) {
      log.error("log_read_failed", { shard, error: String(error) });
      return false;
    }
  }

  #foundDeferred(queued: QueuedUnit): void {
    this.#ports.metrics.suspect();
    this.#ports.alreadyDeferred(queued);
  }

  async #decode(entry: LogEntry): Promise<QueuedUnit | undefined> {
    try {
      const unit = entry.unit ?? decodeUnit(entry.record);
      const since = this.#ports.clock.monotonic();
      this.#newest = unit.acceptedAt;
      const { sequence, content } = entry;
      return fromLog(unit, { sequence, content, since, isSuspect: this.#isSuspect(entry) });
    } catch (error) {
      await this.#park(entry, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** Resolves when it is under way: until it is settled it holds the floor, and nothing else. */
  async #park(entry: LogEntry, reason: string): Promise<void> {
    while (this.#parking >= parkingMax) await this.#parked.wait();
    this.#parking += 1;
    void this.#ports.park(entry, reason).finally(() => {
      this.#parking -= 1;
      this.#parked.wake();
    });
  }
}

/** As much as was asked for: there may be more. */
function isFull(entries: readonly LogEntry[], { countMax, bytesMax }: PullLimit): boolean {
  const bytes = entries.reduce((sum, entry) => sum + weightOf(entry), 0);
  return entries.length >= countMax || bytes >= bytesMax / 2;
}

function weightOf({ record, content }: LogEntry): number {
  return record.length + (content?.length ?? 0);
}
