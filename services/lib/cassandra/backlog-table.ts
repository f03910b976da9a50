/** The backlogs of a shard: segments of rows for each, first in, first out. */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { type BacklogName, backlogOf } from "#lib/queue/backlog-name";
import type { Shard, Time } from "#lib/queue/unit";
import type { BacklogSummary, DeferredUnit, WaitingRow } from "#lib/store/store";
import {
  BacklogArithmetic,
  type BacklogHead,
  type Place,
  parsePosition,
  positionOf,
  segmentRowsMax,
} from "./backlog-arithmetic.ts";
import type { CallTime, Requests, Statement } from "./driver/requests.ts";
import { goneAt, indexSlackMs, ttlOf } from "./lifetimes.ts";
import type { Partitions } from "./partitions.ts";

/** Segments that an owner may begin under one epoch. */
const segmentsMax = 2 ** 24;
const segmentBits = 24n;
/** Backlogs that are empty are forgotten beyond this. */
const backlogsMax = 20_000;

export class BacklogTable {
  readonly #shard: Shard;
  readonly #clock: Clock;
  readonly #firstSegment: bigint;
  readonly #backlogs = new Map<BacklogName, BacklogArithmetic>();
  #segments = 0;

  constructor(shard: Shard, epoch: number, clock: Clock) {
    this.#shard = shard;
    this.#clock = clock;
    this.#firstSegment = BigInt(epoch) << segmentBits;
  }

  reading(): Statement {
    return { query: headsCql, params: [this.#shard] };
  }

  loaded(name: BacklogName, head: BacklogHead): void {
    this.#backlogs.set(name, new BacklogArithmetic(head));
  }

  summaries(): readonly BacklogSummary[] {
    return [...this.#backlogs].flatMap(([name, { head }]) => {
      const { depth, bytes, oldestAt } = head;
      return depth === 0 ? [] : [{ backlog: name, depth, bytes, oldestAt }];
    });
  }

  /** In order; what is returned is to be called when the rows are there or have failed. */
  add(
    units: readonly DeferredUnit[],
    to: { rows: Partitions; heads: Partitions },
  ): (isDone: boolean) => void {
    const ends: ((isDone: boolean) => void)[] = [];
    for (const [name, own] of Map.groupBy(units, ({ unit }) => backlogOf(unit))) {
      ends.push(this.#append(name, own, to));
    }
    return (isDone) => {
      for (const end of ends) end(isDone);
    };
  }

  #append(
    name: BacklogName,
    units: readonly DeferredUnit[],
    to: { rows: Partitions; heads: Partitions },
  ): (isDone: boolean) => void {
    const backlog = this.#backlog(name);
    const now = this.#clock.now();
    const lives = units.map(({ unit }) => ({
      sizeBytes: unit.sizeBytes,
      goneAt: goneAt("backlog", unit.expiresAt, now),
    }));
    const newSegment = () => this.#newSegment();
    const { places, ended } = backlog.append(lives, { now, newSegment });
    const indexed = new Map<bigint, Time>();
    for (const [i, { unit, generation }] of units.entries()) {
      const [at, life] = [places[i], lives[i]];
      assert(at !== undefined && life !== undefined, "each row has a place");
      const key = [this.#shard, name, at.segment];
      const row = [at.place, unit.uid, generation, unit.sizeBytes, now];
      const params = [...key, ...row, ttlOf(life.goneAt, now)];
      to.rows.add(`backlog ${key.join(" ")}`, { query: putCql, params });
      if (backlog.isIndexed(at.segment, life.goneAt)) continue;
      const known = indexed.get(at.segment) ?? 0;
      indexed.set(at.segment, Math.max(known, life.goneAt + indexSlackMs));
    }
    for (const [segment, gone] of indexed) {
      const params = [this.#shard, name, segment, ttlOf(gone, now)];
      to.rows.add(`segments ${name}`, { query: putSegmentCql, params });
    }
    to.heads.add("heads", this.#headStatement(name, backlog.head));
    return (isDone) => {
      ended();
      if (isDone) for (const [segment, gone] of indexed) backlog.indexed(segment, gone);
    };
  }

  async read(
    requests: Requests,
    name: BacklogName,
    { after, limit }: { after?: string; limit: number },
  ): Promise<readonly WaitingRow[]> {
    const backlog = this.#backlogs.get(name);
    if (backlog === undefined) return [];
    const time = requests.callTime();
    const found: WaitingRow[] = [];
    const { tail } = backlog;
    const boundary = backlog.boundary(this.#firstSegment);
    let from: Place | undefined = after === undefined ? backlog.head : parsePosition(after);
    let last = positionOf(from);
    while (from !== undefined && found.length < limit) {
      const asked = limit - found.length;
      const rows = await this.#rows(requests, time, { name, from, limit: asked });
      const shown = rows.filter(({ position }) => position < boundary);
      found.push(...shown);
      last = shown.at(-1)?.position ?? last;
      if (shown.length < rows.length) break;
      // Only a segment that is read to its end leads to the next.
      if (rows.length < asked) from = await this.#next(requests, time, { name, from, tail });
    }
    backlog.wasRead(found);
    if (from === undefined && backlog.tail === tail) backlog.endsAt(last);
    return found;
  }

  /** What is to be written when the head moved. */
  advance(name: BacklogName, position: string): Statement | undefined {
    const backlog = this.#backlogs.get(name);
    if (backlog?.advance(position) !== true) return undefined;
    const { head, isIdle } = backlog;
    if (isIdle && this.#backlogs.size > backlogsMax) this.#backlogs.delete(name);
    return this.#headStatement(name, head);
  }

  #backlog(name: BacklogName): BacklogArithmetic {
    const known = this.#backlogs.get(name);
    if (known !== undefined) return known;
    // Older segments of it, if there are any, were done with before it was forgotten.
    const segment = this.#firstSegment + BigInt(this.#segments);
    const head = { segment, place: -1, depth: 0, bytes: 0, oldestAt: 0, goneAt: 0 };
    const made = new BacklogArithmetic(head);
    this.#backlogs.set(name, made);
    return made;
  }

  #newSegment(): bigint {
    assert(this.#segments < segmentsMax, "segments of one epoch have numbers of 24 bits");
    const segment = this.#firstSegment + BigInt(this.#segments);
    this.#segments += 1;
    return segment;
  }

  #headStatement(name: BacklogName, head: BacklogHead): Statement {
    const now = this.#clock.now();
    const gone = goneAt("emptied", head.goneAt, now);
    const { segment, place, depth, bytes, oldestAt } = head;
    const values = [segment, place, depth, BigInt(bytes), oldestAt, head.goneAt];
    return { query: putHeadCql, params: [this.#shard, name, ...values, ttlOf(gone, now)] };
  }

  async #rows(
    requests: Requests,
    time: CallTime,
    { name, from, limit }: { name: BacklogName; from: Place; limit: number },
  ): Promise<readonly WaitingRow[]> {
    const { segment, place } = from;
    const asked = Math.min(limit, segmentRowsMax);
    const params = [this.#shard, name, segment, place, asked];
    const rows = await requests.read(time, { query: readCql, params });
    return rows.map((row) => ({
      position: positionOf({ segment, place: row.place }),
      uid: row.uid,
      generation: row.generation,
      at: row.entered.getTime(),
      sizeBytes: row.size,
    }));
  }

  /** Before the first row of the next segment; undefined: there is none. */
  async #next(
    requests: Requests,
    time: CallTime,
    at: { name: BacklogName; from: Place; tail: Place | undefined },
  ): Promise<Place | undefined> {
    const { name, from, tail } = at;
    if (tail?.segment === from.segment) return undefined;
    const params = [this.#shard, name, from.segment];
    const [row] = await requests.read(time, { query: nextSegmentCql, params });
    return row === undefined ? undefined : { segment: row.segment, place: -1 };
  }
}

const headsCql =
  "SELECT destination, head_segment, head_place, depth, bytes, oldest, expires " +
  "FROM destination_queue WHERE shard = ?";
const putHeadCql =
  "INSERT INTO destination_queue " +
  "(shard, destination, head_segment, head_place, depth, bytes, oldest, expires) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?";
const putCql =
  "INSERT INTO backlog (shard, destination, segment, place, uid, generation, size, entered) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TTL ?";
const readCql =
  "SELECT place, uid, generation, size, entered FROM backlog " +
  "WHERE shard = ? AND destination = ? AND segment = ? AND place > ? LIMIT ?";
const putSegmentCql =
  "INSERT INTO backlog_segment (shard, destination, segment) VALUES (?, ?, ?) USING TTL ?";
const nextSegmentCql =
  "SELECT segment FROM backlog_segment WHERE shard = ? AND destination = ? AND segment > ? LIMIT 1";
