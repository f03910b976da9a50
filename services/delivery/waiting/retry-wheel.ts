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
  readonly at: Time;
  /** To be called when the row is dealt with: then the cursor may pass it. */
  readonly done: () => void;
  /** It could not be dealt with now: it is due again at once. */
  readonly putBack: () => void;
}

/** A due time that is being written. */
export interface Reservation {
  readonly at: Time;
  readonly written: (row: Pick<WaitingRow, "uid" | "generation" | "sizeBytes">) => void;
  readonly release: () => void;
}

/**
 * A row in memory. Where it stands in the store may be later than when it is due: nothing is written
 * behind the cursor, and the clock may have been put back.
 */
interface WheelRow extends WaitingRow {
  readonly dueAt?: Time;
}

function dueOf({ at, dueAt }: WheelRow): Time {
  return dueAt ?? at;
}

/** More than clocks drift apart from one second to the next. */
const stepMsMin = 1_000;

export class RetryWheel {
  readonly #shard: Shard;
  readonly #store: Store;
  readonly #clock: Clock;
  /** Sorted by due time. Every stored row due by `#readThrough` is or was in here. */
  #rows: WheelRow[] = [];
  #readThrough: Time = Number.NEGATIVE_INFINITY;
  /** No row due after `#readThrough` lies before this position; undefined: the stored cursor. */
  #after: string | undefined;
  /** Rows written while a page was being read, which may or may not be in that page. */
  #addedMeanwhile: WheelRow[] | undefined;
  #cursor: Time = Number.NEGATIVE_INFINITY;
  /** Due times of rows handed out and not yet dealt with, or being written. */
  readonly #out = new Map<object, Time>();
  /** How far the clock was put back, all in all. */
  #backMs = 0;
  /** What both clocks said when they were looked at last. */
  #seen: { readonly wall: number; readonly monotonic: number } | undefined;

  constructor(shard: Shard, store: Store, clock: Clock) {
    this.#shard = shard;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * A row is about to be written: until it is known to be there, or not to come, the cursor does not
   * pass it. Whether a write without an answer was done is not known, so it is repeated as it was.
   */
  reserve(dueAt: Time): Reservation {
    // Never behind the cursor, where a successor would not read it, even after a clock step.
    const at = Math.max(dueAt, this.#cursor);
    const token = {};
    this.#lookAtClocks();
    const backMs = this.#backMs;
    this.#out.set(token, at);
    return {
      at,
      written: (row) => {
        this.#out.delete(token);
        const due = dueAt - (this.#backMs - backMs);
        this.#added({ ...row, position: "", at, ...(at > due ? { dueAt: due } : {}) });
      },
      release: () => {
        this.#out.delete(token);
      },
    };
  }

  #added(row: WheelRow): void {
    if (dueOf(row) > this.#readThrough) {
      this.#addedMeanwhile?.push(row);
      return;
    }
    this.#insert(row);
    if (this.#rows.length > rowsMax && this.#addedMeanwhile === undefined) this.#shorten();
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  #insert(row: WheelRow): void {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#rows[middle];
      if (other === undefined || dueOf(other) <= dueOf(row)) low = middle + 1;
      else high = middle;
    }
    this.#rows.splice(low, 0, row);
  }

  /** Forgets the later half, to be read again when it is due. */
  #shorten(): void {
    const middle = this.#rows[rowsMax >>> 1];
    const last = middle === undefined ? this.#readThrough : dueOf(middle);
    const end = this.#rows.findIndex((row) => dueOf(row) > last);
    if (end === -1) return;
    this.#rows.length = end;
    this.#readThrough = last;
    this.#after = undefined;
  }

  /** Rows due by now, at most `limit`. Rejects when the store is away; nothing is lost by that. */
  async takeDue(limit: number): Promise<readonly DueRow[]> {
    this.#lookAtClocks();
    const now = this.#clock.now();
    if (this.#rows.length === 0 && this.#readThrough < now) await this.#readOn(now);
    let count = 0;
    while (count < limit) {
      const row = this.#rows[count];
      if (row === undefined || dueOf(row) > now) break;
      count += 1;
    }
    return this.#rows.splice(0, count).map((row) => this.#handOut(row));
  }

  /** Tells the store that what is dealt with need not be read again. */
  async advance(): Promise<void> {
    const [first] = this.#rows;
    const firstDue = first === undefined ? Infinity : dueOf(first);
    let before = Math.min(this.#clock.now(), this.#readThrough, firstDue);
    for (const due of this.#out.values()) before = Math.min(before, due);
    if (before <= this.#cursor) return;
    this.#cursor = before;
    await this.#store.advanceWheel(this.#shard, before);
  }

  /**
   * Put back by an hour it would keep everything for an hour longer: what is in memory, the next five
   * minutes, comes as if nothing had been. What is later comes late, by no more than the step.
   */
  #lookAtClocks(): void {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const seen = this.#seen ?? { wall, monotonic };
    this.#seen = { wall, monotonic };
    const backMs = seen.wall + (monotonic - seen.monotonic) - wall;
    if (backMs < stepMsMin) return;
    this.#backMs += backMs;
    this.#rows = this.#rows.map((row) => ({ ...row, dueAt: dueOf(row) - backMs }));
  }

  /** Reads on, to the first rows that are new or to the horizon. */
  async #readOn(now: Time): Promise<void> {
    const until = now + horizonMs;
    let limit = pageRowsMax;
    this.#addedMeanwhile = [];
    try {
      while (this.#rows.length === 0 && this.#readThrough < until) {
        const page = await this.#readPage(until, limit);
        if (page.length < limit) this.#take(page, until);
        else {
          // More rows of the last one's time may lie behind the page: these are read together.
          const last = page.at(-1)?.at ?? until;
          const whole = page.filter((row) => row.at < last);
          if (whole.length === 0) limit *= 2;
          else this.#take(whole, whole.at(-1)?.at ?? last);
        }
      }
    } finally {
      this.#addedMeanwhile = undefined;
    }
  }

  #readPage(until: Time, limit: number): Promise<readonly WaitingRow[]> {
    const after = this.#after === undefined ? {} : { after: this.#after };
    return this.#store.wheel(this.#shard, { until, limit, ...after });
  }

  /** The page and those before it have all rows due by `through`. */
  #take(page: readonly WaitingRow[], through: Time): void {
    const before = this.#readThrough;
    this.#after = page.at(-1)?.position ?? this.#after;
    if (through <= before) return;
    this.#readThrough = through;
    this.#rows.push(...page.filter((row) => row.at > before));
    // One that is in the page too comes twice: the second finds that it is outdated.
    const meanwhile = this.#addedMeanwhile ?? [];
    this.#addedMeanwhile = meanwhile.filter((row) => dueOf(row) > through);
    for (const row of meanwhile) if (dueOf(row) <= through) this.#insert(row);
  }

  #handOut(row: WheelRow): DueRow {
    const token = {};
    const backMs = this.#backMs;
    this.#out.set(token, row.at);
    return {
      uid: row.uid,
      generation: row.generation,
      at: row.at,
      done: () => {
        this.#out.delete(token);
      },
      putBack: () => {
        this.#out.delete(token);
        this.#insert({ ...row, dueAt: dueOf(row) - (this.#backMs - backMs) });
      },
    };
  }
}
