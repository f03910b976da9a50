/** What rules have set, as long as it lasts (ADR 0014). Runs in the queue's thread. */
import type { Database } from "bun:sqlite";

export interface MeasureRow {
  readonly id: string;
  readonly since: number;
  readonly until: number;
  readonly record: string;
}

export class MeasureTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#sql = prepare(database);
  }

  /** On the way those go that had ended when this one began. */
  put({ id, since, until, record }: MeasureRow): void {
    this.#sql.forget.run(since);
    this.#sql.put.run(id, until, record);
  }

  drop(id: string): void {
    this.#sql.drop.run(id);
  }

  all(): readonly string[] {
    return this.#sql.all.all().map(({ record }) => record);
  }
}

function prepare(database: Database) {
  return {
    put: database.query<unknown, [string, number, string]>(
      "INSERT INTO measure VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET until = ?2, record = ?3",
    ),
    drop: database.query<unknown, [string]>("DELETE FROM measure WHERE id = ?"),
    forget: database.query<unknown, [number]>("DELETE FROM measure WHERE until < ?"),
    all: database.query<{ record: string }, []>("SELECT record FROM measure ORDER BY id"),
  };
}
