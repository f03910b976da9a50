/** The retry wheel of a shard: rows by due time, in buckets of five minutes. */
import type { types } from "cassandra-driver";
import type { Clock } from "#lib/clock";
import type { Shard, Time } from "#lib/queue/unit";
import type { Deferral, WaitingRow } from "#lib/store/store";
import { type BucketEntries, Buckets } from "./buckets.ts";
import type { CallTime, Requests } from "./driver/requests.ts";
import { goneAt, ttlOf } from "./lifetimes.ts";
import type { Partitions } from "./partitions.ts";

const bucketMs = 300_000;
const rowsFetched = 2_000;

export interface WheelTableOptions {
  readonly shard: Shard;
  readonly low: Time;
  readonly clock: Clock;
  /** For tests. */
  readonly slotRowsMax?: number;
}

export class WheelTable {
  readonly buckets: Buckets;
  readonly #shard: Shard;
  readonly #clock: Clock;
  #low: Time;

  constructor({ shard, low, clock, ...sizes }: WheelTableOptions) {
    this.#shard = shard;
    this.#low = low;
    this.#clock = clock;
    this.buckets = new Buckets({ shard, kind: "wheel", spanMs: bucketMs, ...sizes });
  }

  /** Rows due before it are not read again. */
  get low(): Time {
    return this.#low;
  }

  /** True when the cursor moved. */
  advance(before: Time): boolean {
    if (before <= this.#low) return false;
    this.#low = before;
    this.buckets.forgetBefore(before);
    return true;
  }

  add(deferral: Deferral, to: { rows: Partitions; entries: BucketEntries }): void {
    const { deferred, lookAt } = deferral;
    const { place, unit, generation } = deferred;
    const wanted = place.kind === "wheel" ? place.dueAt : lookAt;
    if (wanted === undefined) return;
    // Behind the cursor nobody would read it.
    const due = Math.max(wanted, this.#low);
    const now = this.#clock.now();
    const gone = goneAt("wheel", due, now);
    const { bucket, slot, entry } = this.buckets.place(due, { goneAt: gone, now });
    to.entries.add(entry);
    const at = [this.#shard, bucket, slot];
    const row = [due, unit.uid, generation, unit.sizeBytes];
    const params = [...at, ...row, ttlOf(gone, now)];
    to.rows.add(`wheel ${at.join("/")}`, { query: putCql, params });
  }

  async read(
    requests: Requests,
    { until, after, limit }: { until: Time; after?: string; limit: number },
  ): Promise<readonly WaitingRow[]> {
    const time = requests.callTime();
    const from = after === undefined ? startOf(this.#low) : parsePosition(after);
    const found: WaitingRow[] = [];
    for (const [bucket, slots] of this.buckets.between(from.due, until)) {
      if (found.length >= limit) break;
      const left = limit - found.length;
      const reading = Array.from({ length: slots }, (_, slot) =>
        this.#slot(requests, time, { bucket, slot, from, until, limit: left }),
      );
      const rows = (await Promise.all(reading)).flat().sort(byPosition);
      // One that was written twice since its first answer was lost may stand in two slots.
      found.push(...rows.filter((row, i) => row.position !== rows[i - 1]?.position).slice(0, left));
    }
    return found;
  }

  async #slot(
    requests: Requests,
    time: CallTime,
    q: { bucket: Time; slot: number; from: Position; until: Time; limit: number },
  ): Promise<readonly WaitingRow[]> {
    const { due, uid, generation } = q.from;
    const params = [this.#shard, q.bucket, q.slot, due, uid, generation, q.until, q.limit];
    const rows: WaitingRow[] = [];
    for await (const page of requests.pages(() => time, { query: readCql, params }, rowsFetched)) {
      for (const row of page) rows.push(rowOf(row));
    }
    return rows;
  }
}

interface Position {
  readonly due: Time;
  readonly uid: string;
  readonly generation: number;
}

function rowOf({ due, uid, generation, size }: types.Row): WaitingRow {
  const at: Time = due.getTime();
  const position = `${digits(at)}/${uid}/${digits(generation)}`;
  return { position, uid, generation, at, sizeBytes: size };
}

/** Of one length, so that text order is number order. */
function digits(n: number): string {
  return String(n).padStart(16, "0");
}

function parsePosition(position: string): Position {
  const [due = "0", uid = "", generation = "0"] = position.split("/");
  return { due: Number(due), uid, generation: Number(generation) };
}

function startOf(due: Time): Position {
  return { due, uid: "", generation: -1 };
}

function byPosition(a: WaitingRow, b: WaitingRow): number {
  if (a.position === b.position) return 0;
  return a.position < b.position ? -1 : 1;
}

const putCql =
  "INSERT INTO wheel (shard, bucket, slot, due, uid, generation, size) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?) USING TTL ?";
const readCql =
  "SELECT due, uid, generation, size FROM wheel WHERE shard = ? AND bucket = ? AND slot = ? " +
  "AND (due, uid, generation) > (?, ?, ?) AND (due) <= (?) LIMIT ?";
