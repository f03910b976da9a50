/**
 * What the owner knows of one destination's backlog: where it begins and ends, and how much is in it,
 * without counting rows. Positions are texts whose order is the order of the rows.
 */
import type { Time } from "#lib/queue/unit";

/** A partition of some hundred kilobytes, read in one or two pages. */
export const segmentRowsMax = 2_000;

export interface Place {
  readonly segment: bigint;
  /** In the segment; −1: before its first row. */
  readonly place: number;
}

export interface BacklogHead extends Place {
  readonly depth: number;
  readonly bytes: number;
  readonly oldestAt: Time;
  /** When the last of its rows goes. */
  readonly goneAt: Time;
}

/** A row that was read and is not passed yet. */
interface ReadRow {
  readonly position: string;
  readonly sizeBytes: number;
  readonly at: Time;
}

/** Rows on their way to the table: nothing behind the first of them may be read meanwhile. */
export interface Appending {
  readonly places: readonly Place[];
  readonly ended: () => void;
}

export class BacklogArithmetic {
  #head: Place;
  #depth: number;
  #bytes: number;
  #oldestAt: Time;
  #goneAt: Time;
  #tail: Place | undefined;
  readonly #appending = new Set<string>();
  readonly #read: ReadRow[] = [];
  /** Nothing was there behind it; undefined since rows were written. */
  #end: string | undefined;
  /** The segment whose row in the index is written, and until when that lives. */
  #indexed: { readonly segment: bigint; readonly goneAt: Time } | undefined;

  constructor(head: BacklogHead) {
    this.#head = head;
    this.#depth = head.depth;
    this.#bytes = head.bytes;
    this.#oldestAt = head.oldestAt;
    this.#goneAt = head.goneAt;
  }

  get head(): BacklogHead {
    const { segment, place } = this.#head;
    const [depth, bytes] = [this.#depth, this.#bytes];
    return { segment, place, depth, bytes, oldestAt: this.#oldestAt, goneAt: this.#goneAt };
  }

  get tail(): Place | undefined {
    return this.#tail;
  }

  get isIdle(): boolean {
    return this.#depth === 0 && this.#appending.size === 0;
  }

  /** Places at the end, in order. */
  append(
    rows: readonly { readonly sizeBytes: number; readonly goneAt: Time }[],
    { now, newSegment }: { now: Time; newSegment: () => bigint },
  ): Appending {
    if (this.#depth === 0) this.#oldestAt = now;
    const places = rows.map((row) => {
      this.#depth += 1;
      this.#bytes += row.sizeBytes;
      this.#goneAt = Math.max(this.#goneAt, row.goneAt);
      this.#tail = nextPlace(this.#tail, newSegment);
      return this.#tail;
    });
    this.#end = undefined;
    const first = places[0] === undefined ? "" : positionOf(places[0]);
    this.#appending.add(first);
    return { places, ended: () => void this.#appending.delete(first) };
  }

  /** False when the row of this segment in the index must be written, to live until `goneAt`. */
  isIndexed(segment: bigint, goneAt: Time): boolean {
    return this.#indexed?.segment === segment && this.#indexed.goneAt >= goneAt;
  }

  indexed(segment: bigint, goneAt: Time): void {
    if (this.#indexed !== undefined && this.#indexed.segment > segment) return;
    this.#indexed = { segment, goneAt };
  }

  /**
   * Who begins to read now stops before it: rows from there on are on their way, or come later, and
   * may show in any order. Who read on behind one would miss those before it. `own`: the first
   * segment that this owner may have begun.
   */
  boundary(own: bigint): string {
    let boundary = positionOf(
      this.#tail === undefined
        ? { segment: own, place: -1 }
        : { segment: this.#tail.segment, place: this.#tail.place + 1 },
    );
    for (const first of this.#appending) if (first < boundary) boundary = first;
    return boundary;
  }

  wasRead(rows: readonly ReadRow[]): void {
    for (const row of rows) {
      const last = this.#read.at(-1)?.position ?? positionOf(this.#head);
      if (row.position > last) this.#read.push(row);
    }
  }

  /** Nothing lies behind `position` now. */
  endsAt(position: string): void {
    if (this.#appending.size > 0) return;
    this.#end = position;
    if (position <= positionOf(this.#head)) [this.#depth, this.#bytes] = [0, 0];
  }

  /** True when the head moved. */
  advance(position: string): boolean {
    if (position <= positionOf(this.#head)) return false;
    this.#head = parsePosition(position);
    let count = 0;
    for (const row of this.#read) {
      if (row.position > position) break;
      count += 1;
      this.#depth = Math.max(0, this.#depth - 1);
      this.#bytes = Math.max(0, this.#bytes - row.sizeBytes);
      this.#oldestAt = row.at;
    }
    this.#read.splice(0, count);
    this.#oldestAt = this.#read[0]?.at ?? this.#oldestAt;
    // What was written and never answered may have been counted twice.
    if (this.#end !== undefined && position >= this.#end) [this.#depth, this.#bytes] = [0, 0];
    // Never none while something may be there: a successor would not look.
    else if (this.#depth === 0) this.#depth = 1;
    return true;
  }
}

function nextPlace(tail: Place | undefined, newSegment: () => bigint): Place {
  if (tail === undefined || tail.place + 1 >= segmentRowsMax) {
    return { segment: newSegment(), place: 0 };
  }
  return { segment: tail.segment, place: tail.place + 1 };
}

export function positionOf({ segment, place }: Place): string {
  return `${segment.toString(16).padStart(16, "0")}/${String(place + 1).padStart(6, "0")}`;
}

export function parsePosition(position: string): Place {
  const [segment = "0", place = "0"] = position.split("/");
  return { segment: BigInt(`0x${segment}`), place: Number(place) - 1 };
}
