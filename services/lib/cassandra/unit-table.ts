/** Deferred units: the row that decides, and the index by which operators find them. */
import type { Clock } from "#lib/clock";
import { queueIdTime } from "#lib/queue/queue-id";
import type { Destination, Uid } from "#lib/queue/unit";
import type { Deferral, DeferredUnit, StoredUnit, UnitFilter } from "#lib/store/store";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import type { BucketEntries } from "./buckets.ts";
import type { CallTime, PartitionWrite, Requests } from "./driver/requests.ts";
import { goneAt, ttlOf } from "./lifetimes.ts";
import type { OpenShard } from "./open-shard.ts";
import { Partitions } from "./partitions.ts";

const states = { waiting: 0, finished: 1 } as const;
const rowsFetched = 2_000;

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

  async list(open: OpenShard, filter: UnitFilter): Promise<readonly DeferredUnit[]> {
    const found: DeferredUnit[] = [];
    const { limit } = filter;
    for await (const uids of this.#listed(open, filter)) {
      for (let at = 0; at < uids.length && found.length < limit; ) {
        const page = uids.slice(at, at + limit - found.length);
        found.push(...(await this.#waiting(page, filter)));
        at += page.length;
      }
      if (found.length >= limit) break;
    }
    return found;
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

  async *#listed(open: OpenShard, filter: UnitFilter): AsyncGenerator<readonly Uid[], void> {
    const { queueId, destination, after } = filter;
    const [first, last] = queueId === undefined ? ["", "~"] : [`${queueId}.`, `${queueId}/`];
    const from = after !== undefined && after > first ? after : first;
    const start = after === undefined ? 0 : queueIdTime(after);
    const only = queueId === undefined ? undefined : queueIdTime(queueId);
    for (const [bucket] of open.waiting.between(only ?? start, only ?? Number.MAX_SAFE_INTEGER)) {
      const params = [open.shard, bucket, from, last];
      // A call reads as long as it takes, page by page.
      const time = () => this.#requests.callTime();
      for await (const page of this.#requests.pages(
        time,
        { query: listCql, params },
        rowsFetched,
      )) {
        const rows: readonly IndexRow[] = page.map(({ uid, destination, gone }) => ({
          uid,
          destination,
          gone,
        }));
        yield rows
          .filter((row) => row.gone !== true)
          .filter((row) => destination === undefined || row.destination === destination)
          .map(({ uid }) => uid);
      }
    }
  }
}

interface IndexRow {
  readonly uid: Uid;
  readonly destination: Destination;
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
  "SELECT uid, destination, gone FROM waiting " +
  "WHERE shard = ? AND bucket = ? AND uid > ? AND uid < ?";
