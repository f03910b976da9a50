/** Deferred units: the row that decides, and the index by which operators find them. */
import type { Clock } from "#lib/clock";
import { firstUidOf, queueIdPrefix, queueIdTime } from "#lib/queue/queue-id";
import type { Time, Uid } from "#lib/queue/unit";
import type { Deferral, DeferredUnit, StoredUnit, UnitFilter, UnitPage } from "#lib/store/store";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import type { BucketEntries } from "./buckets.ts";
import type { CallTime, PartitionWrite, Requests } from "./driver/requests.ts";
import { goneAt, ttlOf } from "./lifetimes.ts";
import { type OpenShard, waitingBucketMs } from "./open-shard.ts";
import { Partitions } from "./partitions.ts";

const states = { waiting: 0, finished: 1 } as const;
/** Rows in a page: some are of units that have left. */
const rowsFetchedMin = 100;
const rowsFetchedMax = 2_000;
const rangesAhead = 4;
/** Units read at once: the lists of all shards take turns with their requests. */
const findMax = 250;
/** Some 100,000 rows at the rate at which a cluster can defer: half a second of a server's time. */
const filteredMs = 180_000;

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
    const ahead: { range: Range; pages: IndexPages; first: ReturnType<IndexPages["next"]> }[] = [];
    const ranges = rangesOf(open, filter);
    while (ahead.length + ranges.length > 0) {
      for (const range of ranges.splice(0, rangesAhead - ahead.length)) {
        const pages = this.#pages(open, range, filter);
        const first = pages.next();
        // Who has enough does not look at it any more.
        first.catch(() => undefined);
        ahead.push({ range, pages, first });
      }
      const next = ahead.shift();
      if (next === undefined) return;
      const { range, pages, first } = next;
      for (let page = await first; page.done !== true; page = await pages.next()) {
        const uids = page.value.flatMap(({ uid, gone }) => (gone === true ? [] : [uid]));
        const last = page.value.at(-1)?.uid;
        if (last !== undefined) yield { uids, through: last };
      }
      yield { uids: [], through: firstUidOf(range.endsAt) };
    }
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
      yield page.map(({ uid, gone }) => ({ uid, gone }));
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

type IndexPages = AsyncGenerator<readonly IndexRow[], void>;

/**
 * For a destination the server looks through a partition by itself: that is six times as fast as
 * reading all of it here, but what it is asked to do at once must be short.
 */
function rangesOf(open: OpenShard, filter: UnitFilter): Range[] {
  const { queueId, destination } = filter;
  const after: string = filter.after ?? "";
  const startsAt = filter.after === undefined ? 0 : queueIdTime(filter.after);
  const only = queueId === undefined ? undefined : queueIdTime(queueId);
  const between = [only ?? startsAt, only ?? Number.MAX_SAFE_INTEGER] as const;
  const buckets = open.waiting.between(...between).map(([bucket]) => bucket);
  if (queueId !== undefined) {
    const [first, to] = [`${queueId}.`, `${queueId}/`];
    const from = after > first ? after : first;
    return buckets.map((bucket) => ({ bucket, from, to, endsAt: bucket + waitingBucketMs }));
  }
  const spanMs = destination === undefined ? waitingBucketMs : filteredMs;
  const ranges: Range[] = [];
  for (const bucket of buckets) {
    for (let at = bucket; at < bucket + waitingBucketMs; at += spanMs) {
      const endsAt = at + spanMs;
      if (endsAt <= startsAt) continue;
      const [begin, to] = [queueIdPrefix(at), queueIdPrefix(endsAt)];
      ranges.push({ bucket, from: after > begin ? after : begin, to, endsAt });
    }
  }
  return ranges;
}

interface IndexRow {
  readonly uid: Uid;
  readonly gone: boolean | null;
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
  "SELECT uid, gone FROM waiting WHERE shard = ? AND bucket = ? AND uid > ? AND uid < ?";
const listDestinationCql = `${listCql} AND destination = ? ALLOW FILTERING`;
