/**
 * The units of a shard with a due time of their own. Only the next page of them is in memory:
 * the store has them all, ordered by due time, behind a cursor.
 */
import type { Clock } from "#lib/clock";
import type { Shard, Time, Uid } from "#lib/queue/unit";
import type { Store, WaitingRow } from "#lib/store/store";

/** How far ahead rows are read, and how many at a time. */
const horizonMs = 300_000;
const pageRowsMax = 1_000;

export interface DueRow {
  readonly uid: Uid;
  readonly generation: number;
  /** To be called when the row is dealt with: then the cursor may pass it. */
  readonly done: () => void;
  /** It could not be dealt with now: it is due again at once. */
  readonly putBack: () => void;
}

export class RetryWheel {
  readonly #shard: Shard;
  readonly #store: Store;
  readonly #clock: Clock;
  /** Sorted by due time. Every stored row due by `#readThrough` is or was in here. */
  #rows: WaitingRow[] = [];
  #readThrough: Time = Number.NEGATIVE_INFINITY;
  #after: string | undefined;
  /** Rows written while a page was being read, which may or may not be in that page. */
  #addedMeanwhile: WaitingRow[] | undefined;
  #cursor: Time = Number.NEGATIVE_INFINITY;
  /** Due times of rows handed out and not yet dealt with. */
  readonly #out = new Map<object, Time>();

  constructor(shard: Shard, store: Store, clock: Clock) {
    this.#shard = shard;
    this.#store = store;
    this.#clock = clock;
  }

  /** The due time to write: never behind the cursor, where nobody would read it, even after a clock step. */
  writable(dueAt: Time): Time {
    return Math.max(dueAt, this.#cursor);
  }

  /** A row was written. */
  added(row: WaitingRow): void {
    this.#addedMeanwhile?.push(row);
    if (row.at <= this.#readThrough) this.#insert(row);
  }

  #insert(row: WaitingRow): void {
    let at = this.#rows.length;
    while (at > 0 && (this.#rows[at - 1]?.at ?? 0) > row.at) at -= 1;
    this.#rows.splice(at, 0, row);
  }

  /** Rows due by now, at most `limit`. Rejects when the store is away; nothing is lost by that. */
  async takeDue(limit: number): Promise<readonly DueRow[]> {
    const now = this.#clock.now();
    if (this.#rows.length === 0 && this.#readThrough < now) await this.#readPage(now);
    let count = 0;
    while (count < limit && count < this.#rows.length && (this.#rows[count]?.at ?? 0) <= now) {
      count += 1;
    }
    return this.#rows.splice(0, count).map((row) => this.#handOut(row));
  }

  /** Tells the store that what is dealt with need not be read again. */
  async advance(): Promise<void> {
    let before = Math.min(this.#clock.now(), this.#readThrough, this.#rows[0]?.at ?? Infinity);
    for (const due of this.#out.values()) before = Math.min(before, due);
    if (before <= this.#cursor) return;
    this.#cursor = before;
    await this.#store.advanceWheel(this.#shard, before);
  }

  async #readPage(now: Time): Promise<void> {
    const until = now + horizonMs;
    const meanwhile: WaitingRow[] = [];
    this.#addedMeanwhile = meanwhile;
    try {
      const rows = await this.#store.wheel(this.#shard, {
        until,
        limit: pageRowsMax,
        ...(this.#after === undefined ? {} : { after: this.#after }),
      });
      const last = rows.at(-1);
      if (last !== undefined) this.#after = last.position;
      const before = this.#readThrough;
      this.#readThrough = rows.length < pageRowsMax || last === undefined ? until : last.at;
      this.#rows.push(...rows);
      this.#rows.sort((a, b) => a.at - b.at);
      // One that is in the page too comes twice: the second finds its generation outdated.
      for (const row of meanwhile) {
        if (row.at > before && row.at <= this.#readThrough) this.#insert(row);
      }
    } finally {
      this.#addedMeanwhile = undefined;
    }
  }

  #handOut(row: WaitingRow): DueRow {
    const token = {};
    this.#out.set(token, row.at);
    return {
      uid: row.uid,
      generation: row.generation,
      done: () => {
        this.#out.delete(token);
      },
      putBack: () => {
        this.#out.delete(token);
        this.#insert(row);
      },
    };
  }
}
