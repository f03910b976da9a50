/** Brings units back from the store: from the retry wheel when due, from a backlog when its destination has room. */
import type { Clock } from "#lib/clock";
import type { BacklogName } from "#lib/queue/backlog-name";
import type { Shard, Time, Uid } from "#lib/queue/unit";
import type { DeferredUnit, Place, Store, StoredUnit, WaitingRow } from "#lib/store/store";
import type { Log } from "#lib/telemetry/log";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import { fromStore, type QueuedUnit, unitBytes } from "../shard/queued-unit.ts";
import type { WorkingSet } from "../shard/working-set.ts";
import type { BacklogCursor } from "./backlog-cursor.ts";
import type { RetryWheel } from "./retry-wheel.ts";

const dueRowsMax = 500;
const backlogPageRowsMax = 200;
/** Rows read for each session that the destination may have. */
const rowsPerSession = 10;

export interface WaitingFeedPorts {
  readonly shard: Shard;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly wheel: RetryWheel;
  readonly working: WorkingSet;
  /** Before that there is nothing to be read. */
  readonly isStoreOpen: () => boolean;
  readonly offer: (units: readonly QueuedUnit[]) => Promise<void>;
  /** A unit in a backlog whose lifetime ends, or whose sender is to be told that it is late. */
  readonly look: (queued: QueuedUnit) => void;
  /** A unit of the wheel comes back so long after it was due. */
  readonly late?: (lateMs: number) => void;
  /** A unit that nobody can read: keep it for the operator, then finish it. */
  readonly park: (uid: Uid, record: Uint8Array, reason: string) => Promise<void>;
}

export class WaitingFeed {
  readonly #ports: WaitingFeedPorts;
  #isReadingWheel = false;

  constructor(ports: WaitingFeedPorts) {
    this.#ports = ports;
  }

  /** Hands out what is due. Called every second; a call while one runs does nothing. */
  async readWheel(): Promise<void> {
    if (this.#isReadingWheel || !this.#ports.isStoreOpen()) return;
    this.#isReadingWheel = true;
    const { working, log, shard } = this.#ports;
    try {
      let isMore = true;
      while (isMore) {
        await working.room();
        isMore = await this.#dueUnits();
      }
    } catch (error) {
      log.error("wheel_read_failed", { shard, error: String(error) });
    } finally {
      this.#isReadingWheel = false;
    }
  }

  /** Reads on in a backlog when its destination is open and runs low; past rows whose units have left. */
  async readBacklog(queue: DestinationQueue): Promise<void> {
    if (!this.#ports.isStoreOpen()) return;
    const all = [...queue.backlogs.all].filter(([, { mayHaveMore }]) => mayHaveMore);
    await Promise.all(all.map(([name]) => this.#readOne(queue, name)));
  }

  /** Each has its part in memory: which of them goes next is decided there. */
  async #readOne(queue: DestinationQueue, name: BacklogName): Promise<void> {
    const { backlogs } = queue;
    const { working } = this.#ports;
    const backlog = backlogs.of(name);
    // One will tell; with twenty thousand destinations down the others would come for nothing.
    const wanted = queue.isOnTrial ? 1 : queue.window * rowsPerSession;
    const enough = Math.min(backlogPageRowsMax, wanted, queue.backlogPart);
    let isBarren = true;
    while (isBarren) {
      if (queue.isClosed || backlog.isReading || !backlog.mayHaveMore) return;
      if (queue.readyFromStore(name) * 2 > enough) return;
      // What found no room would have to be written to the store again.
      const room = Math.min(queue.roomUnits - backlogs.asked, working.roomForBacklog(queue));
      const limit = Math.min(enough, room);
      if (limit <= 0) return;
      const arrived = working.askBacklog(queue, limit);
      try {
        isBarren = await this.#readPage(name, backlog, limit);
      } finally {
        arrived();
      }
    }
  }

  /** True when there may be more that is due. */
  async #dueUnits(): Promise<boolean> {
    const { wheel, working, offer, look, late, clock } = this.#ports;
    const rowsMax = Math.min(dueRowsMax, Math.floor(working.readBytes / unitBytes));
    const rows = await wheel.takeDue(rowsMax);
    const open = new Set(rows);
    const claimed = this.#claim(rows);
    const units: QueuedUnit[] = [];
    try {
      const found = await this.#find(claimed);
      for (const row of rows) {
        const deferred = this.#deferredOf(row, {
          found,
          claimed,
          isHere: (place) => isDue(place, row.at),
        });
        if (deferred === "elsewhere" && !this.#follows(row, () => row.done)) continue;
        open.delete(row);
        if (deferred === undefined) row.done();
        else if (deferred !== "elsewhere") {
          units.push(this.#taken(deferred, row.done));
          late?.(Math.max(0, clock.now() - row.at));
        }
      }
    } finally {
      for (const uid of claimed) working.unclaim(uid);
      for (const row of open) row.putBack();
    }
    for (const queued of units) if (isBacklogged(queued)) look(queued);
    await offer(units.filter((queued) => !isBacklogged(queued)));
    return rows.length === rowsMax && open.size === 0;
  }

  /** True when rows were passed, none of them had a unit, and there may be more. Never rejects. */
  async #readPage(name: BacklogName, backlog: BacklogCursor, limit: number): Promise<boolean> {
    const { store, shard, log, working, offer } = this.#ports;
    backlog.readStarted();
    const claimed = new Set<Uid>();
    const units: QueuedUnit[] = [];
    let passed = 0;
    let isEnd = false;
    try {
      const after = backlog.readThrough === undefined ? {} : { after: backlog.readThrough };
      const rows = await store.backlog(shard, name, { limit, ...after });
      for (const uid of this.#claim(rows)) claimed.add(uid);
      const found = await this.#find(claimed);
      for (const row of rows) {
        if (!this.#pass(backlog, row, { found, claimed, units })) break;
        passed += 1;
      }
      isEnd = passed === rows.length && rows.length < limit;
    } catch (error) {
      log.error("backlog_read_failed", { shard, backlog: name, error: String(error) });
    } finally {
      for (const uid of claimed) working.unclaim(uid);
      backlog.readEnded(isEnd);
    }
    await offer(units);
    return !isEnd && passed > 0 && units.length === 0;
  }

  /** Moves the backlog's cursor over a row, and takes its unit; false when it must be read again later. */
  #pass(
    backlog: BacklogCursor,
    row: WaitingRow,
    page: { found: ReadonlyMap<Uid, StoredUnit>; claimed: ReadonlySet<Uid>; units: QueuedUnit[] },
  ): boolean {
    const { position, sizeBytes } = row;
    const deferred = this.#deferredOf(row, { ...page, isHere: isInBacklog });
    if (deferred === "elsewhere") {
      return this.#follows(row, () => backlog.handedOut(position, sizeBytes));
    }
    if (deferred === undefined) backlog.passed(position, sizeBytes);
    else page.units.push(this.#taken(deferred, backlog.handedOut(position, sizeBytes)));
    return true;
  }

  /** Nobody else takes them from the store while they are claimed. */
  #claim(rows: readonly Pick<WaitingRow, "uid">[]): ReadonlySet<Uid> {
    const { working } = this.#ports;
    return new Set(rows.map((row) => row.uid).filter((uid) => working.claim(uid)));
  }

  async #find(claimed: ReadonlySet<Uid>): Promise<ReadonlyMap<Uid, StoredUnit>> {
    if (claimed.size === 0) return new Map();
    const found = await this.#ports.store.find([...claimed]);
    for (const [uid, stored] of found) {
      if (stored.state === "unreadable") await this.#ports.park(uid, stored.record, stored.reason);
    }
    return found;
  }

  /** Undefined: the row is outdated, its unit has left this place. `elsewhere`: somebody has the unit. */
  #deferredOf(
    row: Pick<WaitingRow, "uid" | "generation">,
    read: {
      readonly found: ReadonlyMap<Uid, StoredUnit>;
      readonly claimed: ReadonlySet<Uid>;
      readonly isHere: (place: Place) => boolean;
    },
  ): DeferredUnit | undefined | "elsewhere" {
    const { found, claimed, isHere } = read;
    const { uid, generation } = row;
    if (!claimed.has(uid) || this.#ports.working.unit(uid) !== undefined) return "elsewhere";
    const stored = found.get(uid);
    if (stored?.state !== "waiting" || stored.deferred.generation !== generation) return undefined;
    // A deferral that broke off and was begun afresh has left rows of the same generation elsewhere.
    return isHere(stored.deferred.place) ? stored.deferred : undefined;
  }

  /**
   * What becomes of the row follows from what becomes of its unit in memory; false when that cannot be
   * told yet, for the row may be ahead of its unit's record.
   */
  #follows(row: Pick<WaitingRow, "uid" | "generation">, handOut: () => () => void): boolean {
    const origin = this.#ports.working.unit(row.uid)?.origin;
    if (origin?.kind !== "store" || row.generation > origin.deferred.generation) return false;
    const done = handOut();
    if (row.generation === origin.deferred.generation) origin.rowsDone.push(done);
    else done();
    return true;
  }

  #taken(deferred: DeferredUnit, rowDone: () => void): QueuedUnit {
    const { working, clock } = this.#ports;
    const queued = fromStore(deferred, { rowsDone: [rowDone], since: clock.monotonic() });
    working.add(queued);
    return queued;
  }
}

function isInBacklog(place: Place): boolean {
  return place.kind === "backlog";
}

/** What waits for its destination has a row in the wheel for when it is to be looked at. */
function isDue(place: Place, at: Time): boolean {
  return place.kind === "backlog" || place.dueAt <= at;
}

/** It came from the wheel, to be looked at, and waits for its destination. */
function isBacklogged({ origin }: QueuedUnit): boolean {
  return origin.kind === "store" && origin.deferred.place.kind === "backlog";
}
