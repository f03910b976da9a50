/**
 * Bounces in SQLite: found by what they concern, counted in the transaction that writes them. Runs in
 * the queue's thread.
 */
import type { Database } from "bun:sqlite";
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceClass } from "#lib/bounces/bounce-class";
import {
  askedScope,
  type BounceCount,
  type BounceCountQuery,
  dayOf,
  daysOf,
  scopesOf,
  summed,
} from "#lib/bounces/bounce-count";
import {
  type BouncePage,
  type BounceQuery,
  finderOf,
  recipientKey,
  rowsToRead,
  startOf,
  takePage,
} from "#lib/bounces/bounce-query";
import { bounceRecord, readBounceRecord } from "#lib/bounces/bounce-record";
import { normalisedReply } from "#lib/bounces/normalised-text";
import {
  mostFrequent,
  otherTexts,
  type UnknownBounces,
  type UnknownQuery,
  unknownTextsMax,
} from "#lib/bounces/unknown-bounces";

/** Rows that one call looks at: mail waits for it meanwhile. */
const lookedAtMax = 2_000;

export class BounceTables {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  record(bounces: readonly Bounce[]): void {
    for (const bounce of bounces) {
      if (!this.#put(bounce)) continue;
      const day = dayOf(bounce.at);
      for (const { scope, name } of scopesOf(bounce)) {
        this.#sql.count.run(scope, name, day, bounce.class);
      }
      if (bounce.class === "unknown") this.#countText(bounce);
    }
  }

  page(query: BounceQuery): BouncePage {
    const { at, uid, path, kind } = startOf(query);
    const [where, ...params] = foundBy(query);
    const limit = rowsToRead(query, lookedAtMax);
    const sql = `SELECT record FROM bounce WHERE ${where}
      AND (at, uid, path, kind) > (?, ?, ?, ?) ORDER BY at, uid, path, kind LIMIT ?`;
    const rows = this.#database
      .query<{ record: string }, (string | number)[]>(sql)
      .all(...params, at, uid, path, kind, limit);
    const found = rows.map(({ record }) => readBounceRecord(record));
    return takePage(found, query, rows.length < limit);
  }

  counts(query: BounceCountQuery): readonly BounceCount[] {
    const asked = askedScope(query);
    if (asked === undefined) return [];
    const { first, last } = daysOf(query);
    const rows = this.#sql.counts.all(asked.scope, asked.name, first, last);
    return summed(rows.filter((row) => query.class === undefined || row.class === query.class));
  }

  unknown({ since, until, limit }: UnknownQuery): readonly UnknownBounces[] {
    const given = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
    const { first, last } = daysOf(given);
    return mostFrequent(this.#sql.unknown.all(first, last), limit);
  }

  /** False when it stands there already. */
  #put(bounce: Bounce): boolean {
    const { uid, recipient, kind, at, destination, tenant, campaign } = bounce;
    const key = [uid, recipient.path, kind] as const;
    const found = [recipientKey(recipient.path), destination] as const;
    const whose = [tenant ?? null, campaign ?? null] as const;
    const done = this.#sql.put.run(...key, at, ...found, ...whose, bounceRecord(bounce));
    return done.changes > 0;
  }

  #countText(bounce: Bounce): void {
    const day = dayOf(bounce.at);
    const { at, text: example } = bounce;
    const text = normalisedReply(bounce);
    if (this.#sql.countText.run(at, example, day, text).changes > 0) return;
    const texts = this.#sql.texts.get(day)?.texts ?? 0;
    this.#sql.putText.run(day, texts < unknownTextsMax ? text : otherTexts, at, example);
  }
}

function foundBy(query: BounceQuery): readonly [string, ...string[]] {
  const { recipient = "", queueId = "" } = query;
  const finder = finderOf(query);
  switch (finder) {
    case "queueId":
      // Units of a message: "." is before "/".
      return ["uid > ? || '.' AND uid < ? || '/'", queueId, queueId];
    case "recipient":
      return ["recipient = ?", recipientKey(recipient)];
    case "time":
      return ["true"];
    default:
      return [`${finder} = ?`, query[finder] ?? ""];
  }
}

interface CountRow {
  readonly day: number;
  readonly class: BounceClass;
  readonly count: number;
}

function prepare(database: Database) {
  return {
    put: database.query<unknown, (string | number | null)[]>(
      "INSERT INTO bounce VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ),
    count: database.query<unknown, [string, string, number, string]>(
      "INSERT INTO bounce_count VALUES (?, ?, ?, ?, 1) " +
        "ON CONFLICT DO UPDATE SET count = count + 1",
    ),
    counts: database.query<CountRow, [string, string, number, number]>(
      "SELECT day, class, count FROM bounce_count " +
        "WHERE scope = ? AND name = ? AND day BETWEEN ? AND ?",
    ),
    countText: database.query<unknown, [number, string, number, string]>(
      "UPDATE bounce_unknown SET count = count + 1, last_at = max(last_at, ?1), " +
        "example = iif(?1 >= last_at, ?2, example) WHERE day = ?3 AND text = ?4",
    ),
    putText: database.query<unknown, [number, string, number, string]>(
      "INSERT INTO bounce_unknown VALUES (?, ?, 1, ?, ?) " +
        "ON CONFLICT DO UPDATE SET count = count + 1, last_at = max(last_at, excluded.last_at)",
    ),
    texts: database.query<{ texts: number }, [number]>(
      "SELECT count(*) AS texts FROM bounce_unknown WHERE day = ?",
    ),
    unknown: database.query<UnknownBounces, [number, number]>(
      "SELECT text, count, last_at AS lastAt, example FROM bounce_unknown " +
        "WHERE day BETWEEN ? AND ?",
    ),
  };
}
