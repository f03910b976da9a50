/** Deferred units: the row that decides, and the index by which operators find them. */
import type { Clock } from "#lib/clock";
import { firstUidOf, queueIdPrefix, queueIdTime } from "#lib/queue/queue-id";
import type { QueueId, Time, Uid } from "#lib/queue/unit";
import type { Deferral, DeferredUnit, StoredUnit, UnitFilter, UnitPage } from "#lib/store/store";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import type { BucketEntries } from "./buckets.ts";
import type { CallTime, PartitionWrite, Requests } from "./driver/requests.ts";
import { goneAt, ttlOf } from "./lifetimes.ts";
import { type OpenShard, waitingBucketMs } from "./open-shard.ts";
import { Partitions } from "./partitions.ts";

const states = { waiting: 0, finished: 1 } as const;
const rowsFetchedMin = 100;
const rowsFetchedMax = 2_000;
const rangesAhead = 4;
/** Units read at once: the lists of all shards take turns with their requests. */
const findMax = 250;
/** What of a bucket the server looks through at once, and how long that may take. */
const firstSpanMs = 60_000;
const spanMsMin = 5_000;
const quickMs = 100;
const slowMs = 400;

export class UnitTable {
  readonly #requests: Requests;
  readonly #clock: Clock;

  constructor(requests: Requests, clock: Clock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  /** The commit of a deferral. */
  async put(time: CallTime, open: OpenShard, deferrals: readonly Deferral[]): Promise<void> {
    const now = this.#clock.now();
    const stamp = open.stamps.next();
    const writes = deferrals.map(({ deferred }): PartitionWrite => {
      const { uid, expiresAt } = deferred.unit;
      const ttl = ttlOf(goneAt("unit", expiresAt, now), now);
      const record = Buffer.from(encodeDeferred(deferred));
      const params = [uid, open.shard, states.waiting, record, ttl];
      return { statements: [{ query: putCql, params }], stamp };
    });
    await this.#requests.write(time, writes);
  }

  /** Rows of the index, to be written before the units. */
  index(
    open: OpenShard,
    { deferred, lookAt }: Deferral,
    to: { rows: Partitions; entries: BucketEntries },
  ): void {
    const { unit, place } = deferred;
    const now = this.#clock.now();
    // The unit's next attempt writes it again, so the index has hardly more rows than units wait.
    const until = place.kind === "wheel" ? place.dueAt : (lookAt ?? unit.expiresAt);
    const gone = goneAt("waiting", until, now);
    const { bucket, entry } = open.waiting.place(queueIdTime(unit.uid), { goneAt: gone, now });
    to.entries.add(entry);
    const ttl = ttlOf(gone, now);
    const params = [open.shard, bucket, unit.uid, unit.destination, false, ttl];
    to.rows.add(`waiting ${bucket}`, { query: indexCql, params });
  }

  async find(uids: readonly Uid[]): Promise<ReadonlyMap<Uid, StoredUnit>> {
    const found = new Map<Uid, StoredUnit>();
    const time = this.#requests.callTime();
    const read = async (uid: Uid) => {
      const [row] = await this.#requests.read(time, { query: getCql, params: [uid] });
      if (row !== undefined) found.set(uid, stored(row.state, row.record));
    };
    await Promise.all(uids.map(read));
    return found;
  }

  async finish(time: CallTime, open: OpenShard, uids: readonly Uid[]): Promise<void> {
    const now = this.#clock.now();
    const ttl = ttlOf(goneAt("finished", now, now), now);
    const stamp = open.stamps.next();
    const gone = new Partitions(stamp);
    const units = uids.map((uid): PartitionWrite => {
      const bucket = open.waiting.bucketOf(queueIdTime(uid));
      gone.add(`waiting ${bucket}`, { query: goneCql, params: [ttl, open.shard, bucket, uid] });
      const statement = { query: finishCql, params: [uid, states.finished, ttl] };
      return { statements: [statement], stamp };
    });
    await this.#requests.write(time, [...units, ...gone.writes()]);
  }

  async list(open: OpenShard, filter: UnitFilter): Promise<UnitPage> {
    const { limit, withinMs = Number.POSITIVE_INFINITY } = filter;
    const startedAt = this.#clock.monotonic();
    const isLate = () => this.#clock.monotonic() - startedAt >= withinMs;
    const found: DeferredUnit[] = [];
    for await (const { uids, through } of this.#listed(open, filter)) {
      for (let at = 0; at < uids.length; ) {
        const page = uids.slice(at, at + Math.min(findMax, limit - found.length));
        found.push(...(await this.#waiting(page, filter)));
        at += page.length;
        const next = page.at(-1);
        if (found.length >= limit || (at < uids.length && isLate())) {
          return next === undefined ? { units: found } : { units: found, next };
        }
      }
      if (isLate()) return { units: found, next: through };
    }
    return { units: found };
  }

  /** The unit's row decides: the index may be behind it. */
  async #waiting(uids: readonly Uid[], { destination }: UnitFilter) {
    const units = await this.find(uids);
    return uids.flatMap((uid) => {
      const unit = units.get(uid);
      if (unit?.state !== "waiting") return [];
      const isMeant = destination === undefined || unit.deferred.unit.destination === destination;
      return isMeant ? [unit.deferred] : [];
    });
  }

  /** By uid. Ranges are read ahead of what is asked for: each waits for its own node. */
  async *#listed(open: OpenShard, filter: UnitFilter): AsyncGenerator<Looked, void> {
    const ranges = new Ranges(open, filter);
    const ahead: Begun[] = [];
    let spanMs = firstSpanMs;
    for (;;) {
      while (ahead.length < rangesAhead) {
        const range = ranges.next(spanMs);
        if (range === undefined) break;
        ahead.push(this.#begin(open, range, filter));
      }
      const begun = ahead.shift();
      if (begun === undefined) return;
      const first = await begun.first;
      spanMs = nextSpan(spanMs, await begun.tookMs);
      for (let page = first; page.done !== true; page = await begun.pages.next()) {
        const through = page.value.at(-1);
        if (through !== undefined) yield { uids: page.value, through };
      }
      yield { uids: [], through: firstUidOf(begun.range.endsAt) };
    }
  }

  #begin(open: OpenShard, range: Range, filter: UnitFilter): Begun {
    const startedAt = this.#clock.monotonic();
    const pages = this.#pages(open, range, filter);
    const first = pages.next();
    // Who has enough does not look at it any more.
    const tookMs = first.then(
      () => this.#clock.monotonic() - startedAt,
      () => 0,
    );
    return { range, pages, first, tookMs };
  }

  async *#pages(open: OpenShard, { bucket, from, to }: Range, filter: UnitFilter): IndexPages {
    const { destination, limit } = filter;
    const params = [open.shard, bucket, from, to];
    const statement =
      destination === undefined
        ? { query: listCql, params }
        : { query: listDestinationCql, params: [...params, destination] };
    const fetched = Math.min(rowsFetchedMax, Math.max(rowsFetchedMin, limit));
    // A call reads as long as it takes, page by page.
    const time = () => this.#requests.callTime();
    for await (const page of this.#requests.pages(time, statement, fetched)) {
      yield page.map(({ uid }) => uid);
    }
  }
}

/** A part of a bucket of the index, and where its time ends. */
interface Range {
  readonly bucket: Time;
  readonly from: string;
  readonly to: string;
  readonly endsAt: Time;
}

/** Those of one page that may wait, and up to where it was looked. */
interface Looked {
  readonly uids: readonly Uid[];
  readonly through: Uid;
}

type IndexPages = AsyncGenerator<readonly Uid[], void>;

/** A range that is being read. */
interface Begun {
  readonly range: Range;
  readonly pages: IndexPages;
  readonly first: ReturnType<IndexPages["next"]>;
  readonly tookMs: Promise<number>;
}

/** Longer where little is, and shorter where the server had much to look through. */
function nextSpan(spanMs: number, tookMs: number): number {
  if (tookMs < quickMs) return Math.min(spanMs * 2, waitingBucketMs);
  return tookMs > slowMs ? Math.max(spanMs / 2, spanMsMin) : spanMs;
}

/**
 * The server looks through a partition by itself, for a destination and past units that have left:
 * that is six times as fast as reading all of it here, but what it does at once must be short.
 */
class Ranges {
  readonly #buckets: Time[];
  readonly #queueId: QueueId | undefined;
  readonly #after: string;
  #at: Time;

  constructor(open: OpenShard, { queueId, after }: UnitFilter) {
    const only = queueId === undefined ? undefined : queueIdTime(queueId);
    const begin = only ?? (after === undefined ? 0 : queueIdTime(after));
    const between = open.waiting.between(begin, only ?? Number.MAX_SAFE_INTEGER);
    this.#buckets = between.map(([bucket]) => bucket);
    this.#queueId = queueId;
    this.#after = after ?? "";
    this.#at = begin;
  }

  next(spanMs: number): Range | undefined {
    const bucket = this.#buckets[0];
    if (bucket === undefined) return undefined;
    const bucketEnd = bucket + waitingBucketMs;
    const startsAt = Math.max(this.#at, bucket);
    const endsAt = this.#queueId === undefined ? Math.min(startsAt + spanMs, bucketEnd) : bucketEnd;
    this.#at = endsAt;
    if (endsAt === bucketEnd) this.#buckets.shift();
    const [begin, to] =
      this.#queueId === undefined
        ? [queueIdPrefix(startsAt), queueIdPrefix(endsAt)]
        : [`${this.#queueId}.`, `${this.#queueId}/`];
    const isBehind = this.#after > begin;
    return { bucket, from: isBehind ? this.#after : begin, to, endsAt };
  }
}

/** One record that nobody can read must not hide the others. */
function stored(state: number | null, record: Uint8Array | null): StoredUnit {
  if (state !== states.waiting || record === null) return { state: "finished" };
  try {
    return { state: "waiting", deferred: decodeDeferred(new Uint8Array(record)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: "unreadable", record: new Uint8Array(record), reason };
  }
}

const putCql = "INSERT INTO unit (uid, shard, state, record) VALUES (?, ?, ?, ?) USING TTL ?";
const finishCql = "INSERT INTO unit (uid, state) VALUES (?, ?) USING TTL ?";
const getCql = "SELECT state, record FROM unit WHERE uid = ?";
const indexCql =
  "INSERT INTO waiting (shard, bucket, uid, destination, gone) VALUES (?, ?, ?, ?, ?) USING TTL ?";
const goneCql =
  "UPDATE waiting USING TTL ? SET gone = true WHERE shard = ? AND bucket = ? AND uid = ?";
const listCql =
  "SELECT uid FROM waiting WHERE shard = ? AND bucket = ? AND uid > ? AND uid < ? " +
  "AND gone = false ALLOW FILTERING";
const listDestinationCql =
  "SELECT uid FROM waiting WHERE shard = ? AND bucket = ? AND uid > ? AND uid < ? " +
  "AND gone = false AND destination = ? ALLOW FILTERING";
