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
/** Rows in memory: what is written for within the horizon comes here without a page being read. */
const rowsMax = 20_000;

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
  /** Sorted by due time. Every stored row due by `#readThrough` is or was in here, and no other. */
  #rows: WaitingRow[] = [];
  #readThrough: Time = Number.NEGATIVE_INFINITY;
  /** No row due after `#readThrough` lies before this position; undefined: the stored cursor. */
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
    if (row.at > this.#readThrough) return;
    this.#insert(row);
    if (this.#rows.length > rowsMax && this.#addedMeanwhile === undefined) this.#shorten();
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  #insert(row: WaitingRow): void {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.at ?? 0) <= row.at) low = middle + 1;
      else high = middle;
    }
    this.#rows.splice(low, 0, row);
  }

  /** Forgets the later half, to be read again when it is due. */
  #shorten(): void {
    const last = this.#rows[rowsMax >>> 1]?.at ?? this.#readThrough;
    const end = this.#rows.findIndex((row) => row.at > last);
    if (end === -1) return;
    this.#rows.length = end;
    this.#readThrough = last;
    this.#after = undefined;
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

  /** Up to the first page with a row that is new. */
  async #readPage(now: Time): Promise<void> {
    const until = now + horizonMs;
    const meanwhile: WaitingRow[] = [];
    this.#addedMeanwhile = meanwhile;
    try {
      let isMore = true;
      while (isMore && this.#rows.length === 0) {
        const page = await this.#store.wheel(this.#shard, {
          until,
          limit: pageRowsMax,
          ...(this.#after === undefined ? {} : { after: this.#after }),
        });
        isMore = page.length >= pageRowsMax;
        this.#take(page, isMore ? undefined : until);
      }
      const first = this.#rows[0]?.at ?? Number.POSITIVE_INFINITY;
      // One that is in the page too comes twice: the second finds its generation outdated.
      for (const row of meanwhile) {
        if (row.at >= first && row.at <= this.#readThrough) this.#insert(row);
      }
    } finally {
      this.#addedMeanwhile = undefined;
    }
  }

  /** `until`: the page was the last one until then. */
  #take(page: readonly WaitingRow[], until: Time | undefined): void {
    const last = page.at(-1);
    if (last === undefined || until !== undefined) {
      this.#keep(page, until ?? this.#readThrough);
      return;
    }
    // More rows of the last one's time may lie behind it: they are read together, unless they fill a page.
    const whole = page.filter((row) => row.at < last.at);
    this.#keep(whole.length > 0 ? whole : page, (whole.at(-1) ?? last).at);
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
