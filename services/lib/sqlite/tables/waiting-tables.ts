/**
 * Rows of the retry wheel and of the backlogs in SQLite. What a cursor has passed is deleted: in
 * one file that is cheaper than a cursor, and means the same.
 */

import type { Database } from "bun:sqlite";
import type { BacklogName } from "#lib/queue/backlog-name";
import type { Shard, Uid } from "#lib/queue/unit";
import type { BacklogSummary, WaitingRow } from "#lib/store/store";
import type { StoredDeferral } from "./unit-table.ts";

export interface WheelQuery {
  readonly until: number;
  readonly after?: string;
  readonly limit: number;
}

export interface BacklogQuery {
  readonly after?: string;
  readonly limit: number;
}

interface WheelRow {
  readonly due_at: number;
  readonly uid: Uid;
  readonly generation: number;
  readonly size_bytes: number;
}

interface BacklogRow extends Omit<WheelRow, "due_at"> {
  readonly n: number;
  readonly at: number;
}

export class WaitingTables {
  readonly #sql: ReturnType<typeof prepare>;
  /** Rises over all backlogs, and never falls while somebody may remember a position. */
  #lastN: number;

  constructor(database: Database) {
    this.#sql = prepare(database);
    this.#lastN = this.#sql.lastN.get()?.n ?? 0;
  }

  add(shard: Shard, deferral: StoredDeferral, at: number): void {
    const { uid, backlog, generation, sizeBytes, dueAt, isBacklogged } = deferral;
    if (dueAt !== undefined) this.#sql.putWheel.run(shard, dueAt, uid, generation, sizeBytes);
    if (!isBacklogged) return;
    this.#lastN += 1;
    this.#sql.putBacklog.run(shard, backlog, this.#lastN, uid, generation, at, sizeBytes);
    this.#sql.grow.run(shard, backlog, sizeBytes, this.#lastN);
  }

  wheel(shard: Shard, { until, after, limit }: WheelQuery): readonly WaitingRow[] {
    const [dueAt = "-1", uid = "", generation = "0"] = after?.split("/") ?? [];
    const rows = this.#sql.wheel.all(shard, Number(dueAt), uid, Number(generation), until, limit);
    return rows.map((row) => ({
      position: `${row.due_at}/${row.uid}/${row.generation}`,
      uid: row.uid,
      generation: row.generation,
      at: row.due_at,
      sizeBytes: row.size_bytes,
    }));
  }

  advanceWheel(shard: Shard, before: number): void {
    this.#sql.advanceWheel.run(shard, before);
  }

  backlog(
    shard: Shard,
    name: BacklogName,
    { after = "0", limit }: BacklogQuery,
  ): readonly WaitingRow[] {
    return this.#sql.backlog.all(shard, name, Number(after), limit).map((row) => ({
      position: String(row.n),
      uid: row.uid,
      generation: row.generation,
      at: row.at,
      sizeBytes: row.size_bytes,
    }));
  }

  advanceBacklog(shard: Shard, name: BacklogName, position: string): void {
    const n = Number(position);
    const passed = this.#sql.passed.get(shard, name, n);
    if (passed === null || passed.depth === 0) return;
    this.#sql.advanceBacklog.run(shard, name, n);
    this.#sql.shrink.run(shard, name, passed.depth, passed.bytes ?? 0);
    this.#sql.forgetEmpty.run(shard, name);
  }

  backlogs(shard: Shard): readonly BacklogSummary[] {
    return this.#sql.backlogs.all(shard);
  }
}

function prepare(database: Database) {
  return {
    lastN: database.query<{ n: number | null }, []>("SELECT max(last_n) AS n FROM backlog_sum"),
    putWheel: database.query<unknown, [number, number, string, number, number]>(
      "INSERT INTO wheel VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    wheel: database.query<WheelRow, [number, number, string, number, number, number]>(
      "SELECT due_at, uid, generation, size_bytes FROM wheel " +
        "WHERE shard = ? AND (due_at, uid, generation) > (?, ?, ?) AND due_at <= ? " +
        "ORDER BY due_at, uid, generation LIMIT ?",
    ),
    advanceWheel: database.query<unknown, [number, number]>(
      "DELETE FROM wheel WHERE shard = ? AND due_at < ?",
    ),
    putBacklog: database.query<unknown, [number, string, number, string, number, number, number]>(
      "INSERT INTO backlog VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    grow: database.query<unknown, [number, string, number, number]>(
      "INSERT INTO backlog_sum VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (shard, destination) " +
        "DO UPDATE SET depth = depth + 1, bytes = bytes + ?3, last_n = ?4",
    ),
    backlog: database.query<BacklogRow, [number, string, number, number]>(
      "SELECT n, uid, generation, at, size_bytes FROM backlog " +
        "WHERE shard = ? AND destination = ? AND n > ? ORDER BY n LIMIT ?",
    ),
    passed: database.query<{ depth: number; bytes: number | null }, [number, string, number]>(
      "SELECT count(*) AS depth, sum(size_bytes) AS bytes FROM backlog " +
        "WHERE shard = ? AND destination = ? AND n <= ?",
    ),
    advanceBacklog: database.query<unknown, [number, string, number]>(
      "DELETE FROM backlog WHERE shard = ? AND destination = ? AND n <= ?",
    ),
    shrink: database.query<unknown, [number, string, number, number]>(
      "UPDATE backlog_sum SET depth = depth - ?3, bytes = bytes - ?4 WHERE shard = ?1 AND destination = ?2",
    ),
    forgetEmpty: database.query<unknown, [number, string]>(
      "DELETE FROM backlog_sum WHERE shard = ? AND destination = ? AND depth <= 0",
    ),
    backlogs: database.query<BacklogSummary, [number]>(
      "SELECT destination AS backlog, depth, bytes, (SELECT at FROM backlog AS b WHERE b.shard = s.shard " +
        "AND b.destination = s.destination ORDER BY n LIMIT 1) AS oldestAt " +
        "FROM backlog_sum AS s WHERE shard = ?",
    ),
  };
}
