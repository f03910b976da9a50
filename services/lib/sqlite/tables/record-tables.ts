/** What operators keep and look up: holds and parked entries. Runs in the queue's thread. */
import type { Database } from "bun:sqlite";
import type { Destination } from "#lib/queue/unit";
import type { Hold, Parked } from "#lib/store/store";

export class RecordTables {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#sql = prepare(database);
  }

  putHold({ destination, reason, since }: Hold): void {
    this.#sql.putHold.run(destination, reason, since);
  }

  dropHold(destination: Destination): void {
    this.#sql.dropHold.run(destination);
  }

  holds(): readonly Hold[] {
    return this.#sql.holds.all();
  }

  park({ shard, sequence, uid, at, reason, record }: Parked): void {
    this.#sql.park.run(shard, sequence, uid, at, reason, record);
  }

  parked(limit: number): readonly Parked[] {
    return this.#sql.parked.all(limit);
  }
}

function prepare(database: Database) {
  return {
    putHold: database.query<unknown, [string, string, number]>(
      "INSERT INTO hold VALUES (?1, ?2, ?3) ON CONFLICT (destination) DO UPDATE SET reason = ?2, since = ?3",
    ),
    dropHold: database.query<unknown, [string]>("DELETE FROM hold WHERE destination = ?"),
    holds: database.query<Hold, []>("SELECT destination, reason, since FROM hold ORDER BY since"),
    park: database.query<unknown, [number, number, string, number, string, Uint8Array]>(
      "INSERT INTO parked VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    parked: database.query<Parked, [number]>(
      "SELECT shard, sequence, uid, at, reason, record FROM parked ORDER BY at, shard, sequence LIMIT ?",
    ),
  };
}
