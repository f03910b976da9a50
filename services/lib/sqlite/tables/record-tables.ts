/** What operators keep and look up: holds, parked entries, bounces. Runs in the queue's thread. */
import type { Database } from "bun:sqlite";
import type { Destination } from "#lib/queue/unit";
import type { Bounce, Hold, Parked } from "#lib/store/store";

export interface BounceQuery {
  readonly destination?: Destination;
  readonly after?: number;
  readonly limit: number;
}

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

  recordBounces(bounces: readonly Bounce[]): void {
    for (const bounce of bounces) {
      const { uid, at, recipient, destination } = bounce;
      this.#sql.putBounce.run(uid, recipient.path, at, destination, JSON.stringify(bounce));
    }
  }

  bounces({ destination, after = -1, limit }: BounceQuery): readonly Bounce[] {
    const rows =
      destination === undefined
        ? this.#sql.bounces.all(after, limit)
        : this.#sql.bouncesOf.all(destination, after, limit);
    return rows.map(({ record }) => JSON.parse(record));
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
    putBounce: database.query<unknown, [string, string, number, string, string]>(
      "INSERT INTO bounce VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    bounces: database.query<{ record: string }, [number, number]>(
      "SELECT record FROM bounce WHERE at > ? ORDER BY at LIMIT ?",
    ),
    bouncesOf: database.query<{ record: string }, [string, number, number]>(
      "SELECT record FROM bounce WHERE destination = ? AND at > ? ORDER BY at LIMIT ?",
    ),
  };
}
