/** Brings units back from the store: from the retry wheel when due, from a backlog when its destination has room. */
import type { Clock } from "#lib/clock";
import type { Shard, Time, Uid } from "#lib/queue/unit";
import type { DeferredUnit, Store, WaitingRow } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import type { DestinationQueue } from "./destination-queue.ts";
import { fromStore, type QueuedUnit } from "./queued-unit.ts";
import type { RetryWheel } from "./retry-wheel.ts";
import type { WorkingSet } from "./working-set.ts";

const dueRowsMax = 500;
const backlogPageRowsMax = 200;
/** A backlog is read on when fewer than this are ready: sessions must not run dry. */
const readyLow = 100;
/** Closed backlogs looked at in one tick: a takeover of thousands must not come in one burst. */
const headsPerTickMax = 20;

export interface WaitingFeedPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly wheel: RetryWheel;
  readonly working: WorkingSet;
  readonly delayNotificationMs: number;
  readonly offer: (units: readonly QueuedUnit[]) => Promise<void>;
  readonly expired: (queued: QueuedUnit) => void;
  readonly delayed: (queued: QueuedUnit) => Promise<void>;
}

export class WaitingFeed {
  readonly #ports: WaitingFeedPorts;
  #isReadingWheel = false;

  constructor(ports: WaitingFeedPorts) {
    this.#ports = ports;
  }

  /** Hands out what is due. Called every second; a call while one runs does nothing. */
  async readWheel(): Promise<void> {
    if (this.#isReadingWheel) return;
    this.#isReadingWheel = true;
    try {
      let isMore = true;
      while (isMore) {
        await this.#ports.working.room();
        isMore = (await this.#dueUnits()) === dueRowsMax;
      }
    } catch (error) {
      this.#ports.log.error("wheel_read_failed", {
        shard: this.#ports.shard,
        error: String(error),
      });
    } finally {
      this.#isReadingWheel = false;
    }
  }

  /** Reads on in a backlog when its destination is open and runs low. */
  async readBacklog(queue: DestinationQueue): Promise<void> {
    const { backlog } = queue;
    if (queue.isClosed || backlog.isReading || !backlog.mayHaveMore) return;
    if (queue.readyCount >= readyLow || !this.#ports.working.hasRoomForBacklog) return;
    await this.#readPage(queue, async (rows) => {
      const units: QueuedUnit[] = [];
      for (const row of rows) {
        const queued = this.#handOut(queue, row);
        if (queued !== undefined) units.push(queued);
      }
      await this.#ports.offer(units);
      return true;
    });
  }

  /**
   * Looks at the heads of closed backlogs: lifetime ends in every state (STYLE §14.16), and senders
   * learn that their mail is late though nobody tries it.
   */
  async readHeads(): Promise<void> {
    const now = this.#ports.clock.now();
    let looked = 0;
    for (const queue of this.#ports.working.destinations) {
      const { backlog } = queue;
      if (!queue.isClosed || backlog.isReading || backlog.headDueAt > now) continue;
      backlog.headDueAt = Number.POSITIVE_INFINITY;
      await this.#readHead(queue);
      looked += 1;
      if (looked >= headsPerTickMax) return;
    }
  }

  async #dueUnits(): Promise<number> {
    const { wheel, store, working } = this.#ports;
    const rows = await wheel.takeDue(dueRowsMax);
    if (rows.length === 0) return 0;
    const handedBack = new Set(rows);
    try {
      const found = await store.find(rows.map((row) => row.uid));
      const units: QueuedUnit[] = [];
      for (const row of rows) {
        // Still being settled under this generation: its turn comes at the next tick.
        if (working.has(row.uid)) continue;
        handedBack.delete(row);
        const stored = found.get(row.uid);
        const deferred = stored?.state === "waiting" ? stored.deferred : undefined;
        if (deferred?.generation === row.generation && deferred.place.kind === "wheel") {
          const queued = fromStore(deferred, { rowDone: row.done, since: this.#now });
          working.add(queued);
          units.push(queued);
        } else row.done();
      }
      await this.#ports.offer(units);
    } finally {
      for (const row of handedBack) row.putBack();
    }
    return handedBack.size > 0 ? 0 : rows.length;
  }

  async #readHead(queue: DestinationQueue): Promise<void> {
    const { backlog } = queue;
    const now = this.#ports.clock.now();
    let headDueAt = Number.POSITIVE_INFINITY;
    await this.#readPage(queue, async (rows) => {
      for (const row of rows) {
        const { deferred } = row;
        const dueAt = deferred === undefined ? now : this.headDueAt(deferred);
        // What lies behind the head came later, so it is not due either.
        headDueAt = dueAt;
        if (dueAt > now) return false;
        const queued = this.#handOut(queue, row);
        if (queued === undefined) continue;
        if (queued.unit.expiresAt <= now) this.#ports.expired(queued);
        else await this.#ports.delayed(queued);
      }
      return true;
    });
    backlog.headDueAt = Math.min(backlog.headDueAt, headDueAt);
  }

  /** When a waiting unit must be looked at although its destination is closed. */
  headDueAt({ unit, isDelayNotified }: DeferredUnit): Time {
    const { delayNotificationMs } = this.#ports;
    if (isDelayNotified || delayNotificationMs === 0 || unit.isNotification) return unit.expiresAt;
    return Math.min(unit.expiresAt, unit.acceptedAt + delayNotificationMs);
  }

  /** `use` tells whether it has handed all of the rows out; those it has not are read again. */
  async #readPage(
    queue: DestinationQueue,
    use: (rows: readonly BacklogRow[]) => Promise<boolean>,
  ): Promise<void> {
    const { store, shard, log } = this.#ports;
    const { backlog, destination } = queue;
    backlog.readStarted();
    let isEnd = false;
    try {
      const after = backlog.readThrough;
      const limit = backlogPageRowsMax;
      const page = after === undefined ? { limit } : { limit, after };
      const rows = await store.backlog(shard, destination, page);
      const usable = await this.#usable(rows);
      const isUsed = await use(usable);
      isEnd = isUsed && rows.length < limit && usable.length === rows.length;
    } catch (error) {
      log.error("backlog_read_failed", { shard, destination, error: String(error) });
    } finally {
      backlog.readEnded(isEnd);
    }
  }

  /** Rows with their units, up to the first whose unit is still being settled: that one is read again later. */
  async #usable(rows: readonly WaitingRow[]): Promise<readonly BacklogRow[]> {
    const { store, working } = this.#ports;
    if (rows.length === 0) return [];
    const found = await store.find(rows.map((row) => row.uid));
    const usable: BacklogRow[] = [];
    const taken = new Set<Uid>();
    for (const row of rows) {
      const stored = found.get(row.uid);
      const deferred = stored?.state === "waiting" ? stored.deferred : undefined;
      const isCurrent =
        deferred?.generation === row.generation && deferred.place.kind === "backlog";
      if (isCurrent && working.has(row.uid)) break;
      // A write that was repeated because its answer was lost leaves a second row: one is enough.
      usable.push(isCurrent && !taken.has(row.uid) ? { row, deferred } : { row });
      if (isCurrent) taken.add(row.uid);
    }
    return usable;
  }

  /** Moves the cursor over the row; the unit, if the row is not outdated. */
  #handOut(queue: DestinationQueue, { row, deferred }: BacklogRow): QueuedUnit | undefined {
    const rowDone = queue.backlog.handedOut(row.position, row.sizeBytes);
    if (deferred === undefined) {
      rowDone();
      return undefined;
    }
    const queued = fromStore(deferred, { rowDone, since: this.#now });
    this.#ports.working.add(queued);
    return queued;
  }

  get #now(): number {
    return this.#ports.clock.monotonic();
  }
}

interface BacklogRow {
  readonly row: WaitingRow;
  /** Absent when the unit has left this place: the row is outdated. */
  readonly deferred?: DeferredUnit;
}
