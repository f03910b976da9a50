/** Removes what nobody needs any more, a little at a time, so that no commit waits for it. */
import type { Database } from "bun:sqlite";
import { dayOf } from "#lib/bounces/bounce-count";
import type { Clock } from "#lib/clock";

const hour = 3_600_000;
const day = 24 * hour;

/** How long each is kept. Parked entries stay: they are mail that nobody could read yet. */
export const keptMs = {
  /** A suspect is looked at soon after a takeover. */
  finished: hour,
  /** A notification is made again by the first attempt to settle after a crash. */
  repeatable: day,
  /** As long as the cluster keeps JOURNAL: for `godwit trace`. */
  journal: 72 * hour,
} as const;

/** Rows removed of one table in one call. */
const rowsMax = 2_000;
/** Beyond this the oldest records of the journal go, however young. */
const journalBytesMax = 1024 * 1024 * 1024;

export interface RetentionPorts {
  readonly clock: Clock;
  readonly bouncesKeptMs: number;
}

export class Retention {
  readonly #clock: Clock;
  readonly #bouncesKeptMs: number;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, ports: RetentionPorts) {
    this.#clock = ports.clock;
    this.#bouncesKeptMs = ports.bouncesKeptMs;
    this.#sql = prepare(database);
  }

  /** True when there is more to remove. */
  sweep(): boolean {
    const now = this.#clock.now();
    const removed = [
      this.#sql.finished.run(now - keptMs.finished, rowsMax),
      this.#sql.repeatable.run(now - keptMs.repeatable, rowsMax),
      this.#sql.journal.run(now - keptMs.journal, rowsMax),
      this.#sql.suppression.run(now, rowsMax),
      this.#sql.bounce.run(now - this.#bouncesKeptMs, rowsMax),
      this.#sql.bounceCount.run(dayOf(now - this.#bouncesKeptMs), rowsMax),
      this.#sql.bounceUnknown.run(dayOf(now - this.#bouncesKeptMs), rowsMax),
    ];
    return removed.some(({ changes }) => changes >= rowsMax);
  }

  /**
   * Journal records in excess of a size; `bytesMax` for tests. True when there is more to remove.
   */
  shortenJournal(bytesMax = journalBytesMax): boolean {
    const { first = 0, last = 0 } = this.#sql.journalSpan.get() ?? {};
    const count = Number(last) - Number(first) + 1;
    const sample = this.#sql.journalSample.get()?.bytes ?? 0;
    if (count * sample <= bytesMax) return false;
    this.#sql.journalHead.run(Number(first) + rowsMax);
    return true;
  }
}

function prepare(database: Database) {
  const removing = (table: string, key: string) =>
    database.query<unknown, [number, number]>(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE at < ? ORDER BY at LIMIT ?)`,
    );
  return {
    finished: removing("finished", "uid"),
    repeatable: removing("repeatable", "id"),
    journal: removing("journal", "position"),
    bounce: database.query<unknown, [number, number]>(
      "DELETE FROM bounce WHERE (uid, path, kind) IN " +
        "(SELECT uid, path, kind FROM bounce WHERE at < ? ORDER BY at LIMIT ?)",
    ),
    bounceCount: database.query<unknown, [number, number]>(
      "DELETE FROM bounce_count WHERE (scope, name, day, class) IN " +
        "(SELECT scope, name, day, class FROM bounce_count WHERE day < ? ORDER BY day LIMIT ?)",
    ),
    bounceUnknown: database.query<unknown, [number, number]>(
      "DELETE FROM bounce_unknown WHERE (day, text) IN " +
        "(SELECT day, text FROM bounce_unknown WHERE day < ? ORDER BY day LIMIT ?)",
    ),
    suppression: database.query<unknown, [number, number]>(
      "DELETE FROM suppression WHERE (tenant, key) IN (SELECT tenant, key FROM suppression " +
        "WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
    ),
    journalSpan: database.query<{ first: number | null; last: number | null }, []>(
      "SELECT (SELECT min(position) FROM journal) AS first, (SELECT max(position) FROM journal) AS last",
    ),
    // The mean size of the oldest and the newest records: an estimate that costs a few pages.
    journalSample: database.query<{ bytes: number | null }, []>(
      "SELECT avg(bytes) AS bytes FROM (" +
        "SELECT * FROM (SELECT length(record) AS bytes FROM journal ORDER BY position LIMIT 100) " +
        "UNION ALL " +
        "SELECT * FROM (SELECT length(record) AS bytes FROM journal ORDER BY position DESC LIMIT 100))",
    ),
    journalHead: database.query<unknown, [number]>("DELETE FROM journal WHERE position < ?"),
  };
}
