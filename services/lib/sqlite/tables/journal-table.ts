/**
 * The journals in SQLite. A record and the end of what it settles are one transaction (ADR 0001).
 */
import type { Database } from "bun:sqlite";
import type { Clock } from "#lib/clock";
import { type Incarnation, JournalSealed } from "#lib/stream/journal";
import type { LogPlace, LogTable } from "./log-table.ts";

export interface StoredJournalRecord {
  readonly position: number;
  readonly record: Uint8Array;
}

/** Records handed out at a time. */
const pageRecords = 200;

export class JournalTable {
  readonly #log: LogTable;
  readonly #clock: Clock;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, ports: { readonly log: LogTable; readonly clock: Clock }) {
    this.#log = ports.log;
    this.#clock = ports.clock;
    this.#sql = prepare(database);
  }

  /** Its position. @throws {JournalSealed} */
  append(writer: Incarnation, record: Uint8Array, settled: readonly LogPlace[]): number {
    if (this.#sql.seal.get(writer) !== null) {
      throw new JournalSealed(`Cannot append to journal "${writer}": it is sealed`);
    }
    const { lastInsertRowid } = this.#sql.append.run(writer, this.#clock.now(), record);
    this.#log.drop(settled);
    return Number(lastInsertRowid);
  }

  seal(writer: Incarnation): number {
    const sealed = this.#sql.seal.get(writer);
    if (sealed !== null) return sealed.position;
    const position = this.#sql.last.get(writer)?.position ?? 0;
    this.#sql.putSeal.run(writer, position, this.#clock.now());
    return position;
  }

  /** The next records of one writer behind `after`; none: that was all. */
  page(writer: Incarnation, after: number): readonly StoredJournalRecord[] {
    return this.#sql.page.all(writer, after, pageRecords);
  }

  /** The next records of all writers behind `after` that were written at `since` or later. */
  pageSince(since: number, after: number): readonly StoredJournalRecord[] {
    const from = Math.max(after, (this.#sql.firstSince.get(since)?.position ?? Infinity) - 1);
    return from === Infinity ? [] : this.#sql.pageOfAll.all(from, pageRecords);
  }
}

function prepare(database: Database) {
  return {
    append: database.query<unknown, [string, number, Uint8Array]>(
      "INSERT INTO journal (writer, at, record) VALUES (?, ?, ?)",
    ),
    seal: database.query<{ position: number }, [string]>(
      "SELECT position FROM journal_seal WHERE writer = ?",
    ),
    putSeal: database.query<unknown, [string, number, number]>(
      "INSERT INTO journal_seal VALUES (?, ?, ?)",
    ),
    last: database.query<{ position: number }, [string]>(
      "SELECT position FROM journal WHERE writer = ? ORDER BY position DESC LIMIT 1",
    ),
    page: database.query<StoredJournalRecord, [string, number, number]>(
      "SELECT position, record FROM journal WHERE writer = ? AND position > ? ORDER BY position LIMIT ?",
    ),
    firstSince: database.query<{ position: number }, [number]>(
      "SELECT position FROM journal WHERE at >= ? ORDER BY at, position LIMIT 1",
    ),
    pageOfAll: database.query<StoredJournalRecord, [number, number]>(
      "SELECT position, record FROM journal WHERE position > ? ORDER BY position LIMIT ?",
    ),
  };
}
