/**
 * Deferred units and their contents in SQLite: the commit of a deferral. Runs in the queue's
 * thread.
 */

import type { Database } from "bun:sqlite";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { BacklogName } from "#lib/queue/backlog-name";
import { type Destination, type QueueId, queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import type { UnitFilter } from "#lib/store/store";
import type { WaitingTables } from "./waiting-tables.ts";

/** A deferred unit on its way to the thread. */
export interface StoredDeferral {
  readonly uid: Uid;
  readonly destination: Destination;
  readonly backlog: BacklogName;
  readonly generation: number;
  readonly sizeBytes: number;
  readonly isBacklogged: boolean;
  /** When it is due in the wheel, or is to be looked at there. */
  readonly dueAt?: number;
  readonly record: Uint8Array;
}

export interface StoredContent {
  readonly id: QueueId;
  readonly data: Uint8Array;
}

export interface StoredState {
  readonly uid: Uid;
  /** Absent: the unit is finished. */
  readonly record?: Uint8Array;
}

export class UnitTable {
  readonly #waiting: WaitingTables;
  readonly #clock: Clock;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(
    database: Database,
    ports: { readonly waiting: WaitingTables; readonly clock: Clock },
  ) {
    this.#waiting = ports.waiting;
    this.#clock = ports.clock;
    this.#sql = prepare(database);
  }

  /** Those of which no content is here. */
  withoutContent(ids: readonly QueueId[]): readonly QueueId[] {
    return ids.filter((id) => this.#sql.hasBody.get(id) === null);
  }

  defer(
    shard: Shard,
    deferrals: readonly StoredDeferral[],
    contents: readonly StoredContent[],
  ): void {
    for (const { id, data } of contents) this.#sql.putBody.run(id, data);
    const at = this.#clock.now();
    for (const deferral of deferrals) {
      const { uid, destination, record } = deferral;
      assert(this.#sql.hasBody.get(queueIdOf(uid)) !== null, "a deferred unit has its content");
      this.#waiting.add(shard, deferral, at);
      this.#sql.unfinish.run(uid);
      this.#sql.putUnit.run(uid, shard, destination, record);
    }
  }

  find(uids: readonly Uid[]): readonly StoredState[] {
    return uids.flatMap((uid) => {
      const unit = this.#sql.unit.get(uid);
      if (unit !== null) return [{ uid, record: unit.record }];
      return this.#sql.finished.get(uid) === null ? [] : [{ uid }];
    });
  }

  finish(uids: readonly Uid[]): void {
    const at = this.#clock.now();
    for (const uid of uids) {
      this.#sql.dropUnit.run(uid);
      this.#sql.putFinished.run(uid, at);
    }
  }

  /** By uid. */
  list(shard: Shard, filter: UnitFilter): readonly ListedRecord[] {
    const { destination, queueId, after = "", limit } = filter;
    const rows =
      queueId !== undefined
        ? this.#sql.ofMessage
            .all(`${queueId}.`, `${queueId}/`, after, shard)
            .filter((row) => destination === undefined || row.destination === destination)
            .slice(0, limit)
        : destination !== undefined
          ? this.#sql.ofDestination.all(shard, destination, after, limit)
          : this.#sql.ofShard.all(shard, after, limit);
    return rows.map(({ uid, record }) => ({ uid, record }));
  }
}

/** Of a waiting unit. */
export interface ListedRecord {
  readonly uid: Uid;
  readonly record: Uint8Array;
}

interface UnitRow {
  readonly uid: Uid;
  readonly destination: Destination;
  readonly record: Uint8Array;
}

function prepare(database: Database) {
  return {
    hasBody: database.query<{ refs: number }, [string]>("SELECT refs FROM body WHERE id = ?"),
    // The unit's row counts as the first reference.
    putBody: database.query<unknown, [string, Uint8Array]>(
      "INSERT INTO body VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
    ),
    putUnit: database.query<unknown, [string, number, string, Uint8Array]>(
      "INSERT INTO unit VALUES (?1, ?2, ?3, ?4) ON CONFLICT (uid) DO UPDATE SET record = ?4",
    ),
    dropUnit: database.query<unknown, [string]>("DELETE FROM unit WHERE uid = ?"),
    unit: database.query<UnitRow, [string]>(
      "SELECT uid, destination, record FROM unit WHERE uid = ?",
    ),
    finished: database.query<{ at: number }, [string]>("SELECT at FROM finished WHERE uid = ?"),
    putFinished: database.query<unknown, [string, number]>(
      "INSERT INTO finished VALUES (?, ?) ON CONFLICT DO NOTHING",
    ),
    unfinish: database.query<unknown, [string]>("DELETE FROM finished WHERE uid = ?"),
    ofMessage: database.query<UnitRow, [string, string, string, number]>(
      "SELECT uid, destination, record FROM unit WHERE uid > ? AND uid < ? AND uid > ? AND shard = ? ORDER BY uid",
    ),
    ofDestination: database.query<UnitRow, [number, string, string, number]>(
      "SELECT uid, destination, record FROM unit WHERE shard = ? AND destination = ? AND uid > ? ORDER BY uid LIMIT ?",
    ),
    ofShard: database.query<UnitRow, [number, string, number]>(
      "SELECT uid, destination, record FROM unit WHERE shard = ? AND uid > ? ORDER BY uid LIMIT ?",
    ),
  };
}
