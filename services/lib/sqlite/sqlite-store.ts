/** The embedded inhabitant of Store. */

import type { Measure } from "#lib/automation/measure";
import { decodeMeasure, encodeMeasure } from "#lib/automation/measure-record";
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceCount, BounceCountQuery } from "#lib/bounces/bounce-count";
import { type BouncePage, type BounceQuery, startOf } from "#lib/bounces/bounce-query";
import type { UnknownBounces, UnknownQuery } from "#lib/bounces/unknown-bounces";
import type { Epoch } from "#lib/leases/leases";
import { type BacklogName, backlogOf } from "#lib/queue/backlog-name";
import { type Destination, type QueueId, queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import type {
  Deferral,
  Hold,
  Parked,
  Store,
  StoredUnit,
  UnitFilter,
  UnitPage,
} from "#lib/store/store";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import type { QueueThread } from "./queue-thread.ts";
import { SqliteSuppressions } from "./sqlite-suppressions.ts";
import { known } from "./store-answer.ts";
import type { StoredContent, StoredDeferral } from "./tables/unit-table.ts";
import type { BacklogQuery, WheelQuery } from "./tables/waiting-tables.ts";

/** Contents that one call carries: more are sent in several. */
const contentBytesMax = 16 * 1024 * 1024;

export class SqliteStore implements Store {
  readonly suppressions: SqliteSuppressions;
  readonly #thread: QueueThread;

  constructor(thread: QueueThread) {
    this.#thread = thread;
    this.suppressions = new SqliteSuppressions(thread);
  }

  /** One file has one writer, whose memory it is. */
  async open(_shard: Shard, _epoch: Epoch): Promise<void> {}

  async defer(shard: Shard, deferrals: readonly Deferral[]): Promise<void> {
    const ids = [...new Set(deferrals.map(({ deferred }) => queueIdOf(deferred.unit.uid)))];
    const missing = new Set(await known(this.#thread.call("withoutContent", ids)));
    let rows: StoredDeferral[] = [];
    let contents: StoredContent[] = [];
    let bytes = 0;
    for (const deferral of deferrals) {
      const { deferred, content } = deferral;
      const id = queueIdOf(deferred.unit.uid);
      if (missing.delete(id)) {
        const data = await content();
        contents.push({ id, data });
        bytes += data.length;
      }
      rows.push(stored(deferral));
      if (bytes < contentBytesMax) continue;
      await known(this.#thread.call("defer", shard, rows, contents));
      [rows, contents, bytes] = [[], [], 0];
    }
    if (rows.length > 0) await known(this.#thread.call("defer", shard, rows, contents));
  }

  async find(uids: readonly Uid[]): Promise<ReadonlyMap<Uid, StoredUnit>> {
    const found = new Map<Uid, StoredUnit>();
    for (const { uid, record } of await known(this.#thread.call("find", uids))) {
      found.set(uid, record === undefined ? { state: "finished" } : read(record));
    }
    return found;
  }

  content(id: QueueId): Promise<Uint8Array | undefined> {
    return known(this.#thread.call("content", id));
  }

  finish(_shard: Shard, uids: readonly Uid[]): Promise<void> {
    return known(this.#thread.call("finish", uids));
  }

  wheel(shard: Shard, q: WheelQuery) {
    return known(this.#thread.call("wheel", shard, q));
  }

  advanceWheel(shard: Shard, before: number): Promise<void> {
    return known(this.#thread.call("advanceWheel", shard, before));
  }

  backlog(shard: Shard, name: BacklogName, q: BacklogQuery) {
    return known(this.#thread.call("backlog", shard, name, q));
  }

  advanceBacklog(shard: Shard, name: BacklogName, position: string): Promise<void> {
    return known(this.#thread.call("advanceBacklog", shard, name, position));
  }

  backlogs(shard: Shard) {
    return known(this.#thread.call("backlogs", shard));
  }

  putHold(hold: Hold): Promise<void> {
    return known(this.#thread.call("putHold", hold));
  }

  dropHold(destination: Destination): Promise<void> {
    return known(this.#thread.call("dropHold", destination));
  }

  holds(): Promise<readonly Hold[]> {
    return known(this.#thread.call("holds"));
  }

  putMeasure(measure: Measure): Promise<void> {
    const { id, since, until } = measure;
    return known(
      this.#thread.call("putMeasure", { id, since, until, record: encodeMeasure(measure) }),
    );
  }

  dropMeasure(id: string): Promise<void> {
    return known(this.#thread.call("dropMeasure", id));
  }

  async measures(): Promise<readonly Measure[]> {
    const records = await known(this.#thread.call("measures"));
    return records.flatMap((record) => decodeMeasure(record) ?? []);
  }

  park(parked: Parked): Promise<void> {
    return known(this.#thread.call("park", parked));
  }

  parked(limit: number): Promise<readonly Parked[]> {
    return known(this.#thread.call("parked", limit));
  }

  recordBounces(bounces: readonly Bounce[]): Promise<void> {
    return known(this.#thread.call("recordBounces", bounces));
  }

  async bounces(query: BounceQuery): Promise<BouncePage> {
    startOf(query);
    return await known(this.#thread.call("bounces", query));
  }

  countBounces(query: BounceCountQuery): Promise<readonly BounceCount[]> {
    return known(this.#thread.call("countBounces", query));
  }

  unknownBounces(query: UnknownQuery): Promise<readonly UnknownBounces[]> {
    return known(this.#thread.call("unknownBounces", query));
  }

  async list(shard: Shard, filter: UnitFilter): Promise<UnitPage> {
    const rows = await known(this.#thread.call("listUnits", shard, filter));
    const units = rows.map(({ record }) => read(record));
    const waiting = units.flatMap((it) => (it.state === "waiting" ? [it.deferred] : []));
    // A record that nobody can read is one of those looked at.
    const last = rows.at(-1);
    const isAll = rows.length < filter.limit || last === undefined;
    return isAll ? { units: waiting } : { units: waiting, next: last.uid };
  }
}

/** One record that nobody can read must not hide the others. */
function read(record: Uint8Array): StoredUnit {
  try {
    return { state: "waiting", deferred: decodeDeferred(record) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: "unreadable", record, reason };
  }
}

function stored({ deferred, lookAt }: Deferral): StoredDeferral {
  const { unit, generation, place } = deferred;
  const dueAt = place.kind === "wheel" ? place.dueAt : lookAt;
  return {
    uid: unit.uid,
    destination: unit.destination,
    backlog: backlogOf(unit),
    generation,
    sizeBytes: unit.sizeBytes,
    record: encodeDeferred(deferred),
    isBacklogged: place.kind === "backlog",
    ...(dueAt === undefined ? {} : { dueAt }),
  };
}
