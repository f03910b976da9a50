/**
 * Which buckets of time a shard has rows in, by kind. Its owner knows all of them, so nobody looks into
 * empty time: a wheel that was idle for a month costs what one of yesterday costs.
 */
import type { Shard, Time } from "#lib/queue/unit";
import type { PartitionWrite, Statement } from "./driver/requests.ts";
import { indexSlackMs, ttlOf } from "./lifetimes.ts";

/** A partition of some megabytes. */
const slotRowsMax = 20_000;

const kinds = { wheel: 0, waiting: 1 } as const;
export type BucketKind = keyof typeof kinds;

interface Bucket {
  slot: number;
  /** In the slot, from this owner. */
  rows: number;
  /** When the slot's row in the table goes; 0: this owner has not written it yet. */
  goneAt: Time;
}

export interface Placed {
  readonly bucket: Time;
  readonly slot: number;
}

/** A row of the table that is to be written, and what is known when it is. */
interface Entry {
  readonly statement: Statement;
  readonly written: () => void;
}

export interface BucketsOptions {
  readonly shard: Shard;
  readonly kind: BucketKind;
  readonly spanMs: number;
  /** For tests. */
  readonly slotRowsMax?: number;
}

export class Buckets {
  readonly #shard: Shard;
  readonly #kind: BucketKind;
  readonly #spanMs: number;
  readonly #slotRowsMax: number;
  readonly #buckets = new Map<Time, Bucket>();

  constructor(options: BucketsOptions) {
    this.#shard = options.shard;
    this.#kind = options.kind;
    this.#spanMs = options.spanMs;
    this.#slotRowsMax = options.slotRowsMax ?? slotRowsMax;
  }

  bucketOf(at: Time): Time {
    return Math.floor(at / this.#spanMs) * this.#spanMs;
  }

  reading(from: Time): Statement {
    return { query: readCql, params: [this.#shard, kinds[this.#kind], this.bucketOf(from)] };
  }

  loaded({ bucket, slot }: Placed): void {
    const known = this.#buckets.get(bucket);
    if (known !== undefined && known.slot >= slot) return;
    this.#buckets.set(bucket, { slot, rows: 0, goneAt: 0 });
  }

  /** Where a row goes that lives until `goneAt`; `entry` when the table must learn of it first. */
  place(at: Time, { goneAt, now }: { goneAt: Time; now: Time }): Placed & { entry?: Entry } {
    const start = this.bucketOf(at);
    const bucket = this.#bucket(start);
    if (bucket.rows >= this.#slotRowsMax && this.#kind === "wheel") {
      bucket.slot += 1;
      bucket.rows = 0;
      bucket.goneAt = 0;
    }
    bucket.rows += 1;
    const { slot } = bucket;
    const placed = { bucket: start, slot };
    if (bucket.goneAt >= goneAt) return placed;
    const rowGoneAt = goneAt + indexSlackMs;
    const params = [this.#shard, kinds[this.#kind], start, slot, ttlOf(rowGoneAt, now)];
    const written = () => {
      if (bucket.slot === slot) bucket.goneAt = Math.max(bucket.goneAt, rowGoneAt);
    };
    return { ...placed, entry: { statement: { query: writeCql, params }, written } };
  }

  /** Buckets with rows between two times, the first first, with the number of their slots. */
  between(from: Time, to: Time): readonly (readonly [bucket: Time, slots: number])[] {
    const [first, last] = [this.bucketOf(from), this.bucketOf(to)];
    const found: [Time, number][] = [];
    for (const [start, { slot }] of this.#buckets) {
      if (start >= first && start <= last) found.push([start, slot + 1]);
    }
    return found.sort(([a], [b]) => a - b);
  }

  forgetBefore(time: Time): void {
    const first = this.bucketOf(time);
    for (const start of this.#buckets.keys()) if (start < first) this.#buckets.delete(start);
  }

  /** Those whose rows have all outlived their time. */
  forgetGone(now: Time): void {
    for (const [start, { goneAt }] of this.#buckets) {
      if (goneAt > 0 && goneAt < now) this.#buckets.delete(start);
    }
  }

  #bucket(start: Time): Bucket {
    const known = this.#buckets.get(start);
    if (known !== undefined) return known;
    const made = { slot: 0, rows: 0, goneAt: 0 };
    this.#buckets.set(start, made);
    return made;
  }
}

const readCql = "SELECT bucket, slot FROM bucket WHERE shard = ? AND kind = ? AND bucket >= ?";
const writeCql = "INSERT INTO bucket (shard, kind, bucket, slot) VALUES (?, ?, ?, ?) USING TTL ?";

/** Entries that several rows need, each once, and what to do when they are written. */
export class BucketEntries {
  readonly #entries = new Map<string, Entry>();

  add(entry: Entry | undefined): void {
    if (entry !== undefined) this.#entries.set(entry.statement.params.join("/"), entry);
  }

  write(): PartitionWrite {
    return { statements: [...this.#entries.values()].map(({ statement }) => statement) };
  }

  written(): void {
    for (const entry of this.#entries.values()) entry.written();
  }
}
