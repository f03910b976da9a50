/** Whom nothing is sent to. Runs in the queue's thread. */
import type { Database } from "bun:sqlite";
import type { Clock } from "#lib/clock";
import {
  type SuppressionFilters,
  type SuppressionNews,
  type SuppressionPage,
  suppressionsInCallMax,
} from "#lib/store/suppression-list";
import type { Suppression, SuppressionId } from "#lib/suppression/suppression";

interface Row {
  readonly record: string;
}

export class SuppressionTable {
  readonly #clock: Clock;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, clock: Clock) {
    this.#clock = clock;
    this.#sql = prepare(database);
  }

  put(entries: readonly Suppression[]): void {
    let change = this.#lastChange;
    for (const entry of entries) {
      const { tenant = "", key, expiresAt = null } = entry;
      change += 1;
      this.#sql.put.run(tenant, key, change, expiresAt, JSON.stringify(entry));
    }
    this.#sql.putChange.run(change);
  }

  lift(ids: readonly SuppressionId[]): void {
    for (const { tenant = "", key } of ids) this.#sql.lift.run(tenant, key);
  }

  find(ids: readonly SuppressionId[]): readonly Suppression[] {
    const now = this.#clock.now();
    return ids.flatMap(({ tenant = "", key }) => {
      const row = this.#sql.find.get(tenant, key, now);
      return row === null ? [] : [entryOf(row)];
    });
  }

  page({ tenant, after = " ", limit }: SuppressionFilters): SuppressionPage {
    const now = this.#clock.now();
    const blank = after.indexOf(" ");
    const [fromTenant, fromKey] = [after.slice(0, blank), after.slice(blank + 1)];
    const rows =
      tenant === undefined
        ? this.#sql.page.all(fromTenant, fromKey, now, limit)
        : this.#sql.pageOf.all(tenant, fromKey, now, limit);
    const entries = rows.map(entryOf);
    const last = entries.at(-1);
    if (entries.length < limit || last === undefined) return { entries };
    // A tenant has no blank in its name.
    return { entries, next: `${last.tenant ?? ""} ${last.key}` };
  }

  tenants(limit: number): readonly string[] {
    return this.#sql.tenants.all(limit).map(({ tenant }) => tenant);
  }

  news(since?: string): SuppressionNews {
    const end = this.#lastChange;
    const from = since === undefined ? end : Number(since);
    const rows = this.#sql.news.all(from, suppressionsInCallMax);
    const hasMore = rows.length === suppressionsInCallMax;
    const next = hasMore ? (rows.at(-1)?.change ?? end) : end;
    // Beyond the end: of a file that was put in the place of this one.
    return { entries: rows.map(entryOf), next: String(next), hasMore, isWhole: from <= end };
  }

  get #lastChange(): number {
    return this.#sql.lastChange.get()?.change ?? 0;
  }
}

function entryOf({ record }: Row): Suppression {
  return JSON.parse(record);
}

function prepare(database: Database) {
  return {
    put: database.query<unknown, [string, string, number, number | null, string]>(
      "INSERT INTO suppression VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant, key) " +
        "DO UPDATE SET change = ?3, expires_at = ?4, record = ?5",
    ),
    lift: database.query<unknown, [string, string]>(
      "DELETE FROM suppression WHERE tenant = ? AND key = ?",
    ),
    find: database.query<Row, [string, string, number]>(
      "SELECT record FROM suppression WHERE tenant = ? AND key = ? " +
        "AND ifnull(expires_at > ?, true)",
    ),
    page: database.query<Row, [string, string, number, number]>(
      "SELECT record FROM suppression WHERE (tenant, key) > (?, ?) " +
        "AND ifnull(expires_at > ?, true) ORDER BY tenant, key LIMIT ?",
    ),
    pageOf: database.query<Row, [string, string, number, number]>(
      "SELECT record FROM suppression WHERE tenant = ? AND key > ? " +
        "AND ifnull(expires_at > ?, true) ORDER BY key LIMIT ?",
    ),
    // From each to the next by the index: a tenant may have millions of entries.
    tenants: database.query<{ tenant: string }, [number]>(
      "WITH RECURSIVE known (tenant) AS (" +
        "SELECT (SELECT min(tenant) FROM suppression WHERE tenant > '') UNION ALL " +
        "SELECT (SELECT min(s.tenant) FROM suppression s WHERE s.tenant > known.tenant) " +
        "FROM known WHERE tenant IS NOT NULL) " +
        "SELECT tenant FROM known WHERE tenant IS NOT NULL LIMIT ?",
    ),
    news: database.query<Row & { change: number }, [number, number]>(
      "SELECT record, change FROM suppression WHERE change > ? ORDER BY change LIMIT ?",
    ),
    lastChange: database.query<{ change: number }, []>("SELECT change FROM suppression_end"),
    putChange: database.query<unknown, [number]>("UPDATE suppression_end SET change = ?"),
  };
}
