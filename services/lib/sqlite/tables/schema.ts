/**
 * The tables of the embedded queue, and how a database gets from one version of them to the next.
 */
import type { Database } from "bun:sqlite";

/**
 * Version n of the database is what the first n steps make. A step is never changed once released:
 * a queue in the field has run it.
 */
export const steps: readonly string[] = [
  `
  -- One row a unit. The key is shard * 2^44 + sequence, so a shard's log is a range of rows.
  CREATE TABLE log (
    key INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    record BLOB NOT NULL,
    -- 1: the content stands in body.
    is_apart INTEGER NOT NULL,
    content BLOB
  );
  -- The last sequence of each shard, which outlives its rows.
  CREATE TABLE log_end (shard INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);

  -- Content that is large, or that several rows of log and unit refer to; goes with the last of them.
  CREATE TABLE body (id TEXT PRIMARY KEY, refs INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE TRIGGER log_leaves AFTER DELETE ON log WHEN OLD.is_apart BEGIN
    UPDATE body SET refs = refs - 1 WHERE id = substr(OLD.uid, 1, 26);
    DELETE FROM body WHERE id = substr(OLD.uid, 1, 26) AND refs <= 0;
  END;

  -- Ids under which the same message may come again.
  CREATE TABLE repeatable (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX repeatable_at ON repeatable (at);

  CREATE TABLE journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    writer TEXT NOT NULL,
    at INTEGER NOT NULL,
    record BLOB NOT NULL
  );
  CREATE INDEX journal_at ON journal (at);
  CREATE INDEX journal_writer ON journal (writer, position);
  CREATE TABLE journal_seal (writer TEXT PRIMARY KEY, position INTEGER NOT NULL, at INTEGER NOT NULL)
    WITHOUT ROWID;

  CREATE TABLE unit (
    uid TEXT PRIMARY KEY,
    shard INTEGER NOT NULL,
    destination TEXT NOT NULL,
    record BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX unit_shard ON unit (shard, uid);
  CREATE INDEX unit_destination ON unit (shard, destination, uid);
  CREATE TRIGGER unit_enters AFTER INSERT ON unit BEGIN
    UPDATE body SET refs = refs + 1 WHERE id = substr(NEW.uid, 1, 26);
  END;
  CREATE TRIGGER unit_leaves AFTER DELETE ON unit BEGIN
    UPDATE body SET refs = refs - 1 WHERE id = substr(OLD.uid, 1, 26);
    DELETE FROM body WHERE id = substr(OLD.uid, 1, 26) AND refs <= 0;
  END;
  CREATE TABLE finished (uid TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX finished_at ON finished (at);

  CREATE TABLE wheel (
    shard INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    uid TEXT NOT NULL,
    generation INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (shard, due_at, uid, generation)
  ) WITHOUT ROWID;
  CREATE TABLE backlog (
    shard INTEGER NOT NULL,
    destination TEXT NOT NULL,
    n INTEGER NOT NULL,
    uid TEXT NOT NULL,
    generation INTEGER NOT NULL,
    at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (shard, destination, n)
  ) WITHOUT ROWID;
  -- So that nobody has to count a million rows.
  CREATE TABLE backlog_sum (
    shard INTEGER NOT NULL,
    destination TEXT NOT NULL,
    depth INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    last_n INTEGER NOT NULL,
    PRIMARY KEY (shard, destination)
  ) WITHOUT ROWID;

  CREATE TABLE hold (destination TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE parked (
    shard INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    uid TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (shard, sequence, uid)
  ) WITHOUT ROWID;
  CREATE TABLE bounce (
    uid TEXT NOT NULL,
    path TEXT NOT NULL,
    at INTEGER NOT NULL,
    destination TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (uid, path)
  ) WITHOUT ROWID;
  CREATE INDEX bounce_at ON bounce (at);
  CREATE INDEX bounce_destination ON bounce (destination, at);

  CREATE TABLE lease (
    shard INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    owner TEXT,
    checkpoint TEXT
  );
  CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  -- What rules on replies have set. Few: looked at as a whole.
  CREATE TABLE measure (id TEXT PRIMARY KEY, until INTEGER NOT NULL, record TEXT NOT NULL)
    WITHOUT ROWID;
  `,
  `
  -- Whom nothing is sent to; tenant '' is everybody's, no expires_at is for good.
  CREATE TABLE suppression (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Rises with each put, so that news are what is above the last one seen.
    change INTEGER NOT NULL,
    expires_at INTEGER,
    record TEXT NOT NULL,
    PRIMARY KEY (tenant, key)
  ) WITHOUT ROWID;
  CREATE INDEX suppression_change ON suppression (change);
  CREATE INDEX suppression_expires ON suppression (expires_at) WHERE expires_at IS NOT NULL;
  -- The last change: its row may have gone.
  CREATE TABLE suppression_end (change INTEGER NOT NULL);
  INSERT INTO suppression_end VALUES (0);
  `,
  `
  -- Bounces by kind, found by recipient, tenant and campaign, too; and counted. Those of before have
  -- no class.
  ALTER TABLE bounce RENAME TO bounce_before;
  CREATE TABLE bounce (
    uid TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- The path in small letters.
    recipient TEXT NOT NULL,
    destination TEXT NOT NULL,
    tenant TEXT,
    campaign TEXT,
    record TEXT NOT NULL,
    PRIMARY KEY (uid, path, kind)
  ) WITHOUT ROWID;
  INSERT INTO bounce SELECT
    uid,
    path,
    CASE record ->> '$.status' WHEN '5.4.7' THEN 'expired' ELSE 'failed' END,
    at,
    lower(path),
    destination,
    record ->> '$.tenant',
    NULL,
    record
  FROM bounce_before;
  DROP TABLE bounce_before;
  CREATE INDEX bounce_at ON bounce (at);
  CREATE INDEX bounce_recipient ON bounce (recipient, at);
  CREATE INDEX bounce_destination ON bounce (destination, at);
  CREATE INDEX bounce_tenant ON bounce (tenant, at) WHERE tenant IS NOT NULL;
  CREATE INDEX bounce_campaign ON bounce (campaign, at) WHERE campaign IS NOT NULL;

  -- A day is a number of days since 1970.
  CREATE TABLE bounce_count (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    day INTEGER NOT NULL,
    class TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (scope, name, day, class)
  ) WITHOUT ROWID;
  CREATE INDEX bounce_count_day ON bounce_count (day);
  INSERT INTO bounce_count
    SELECT 'all', '', at / 86400000, 'unknown', count(*) FROM bounce GROUP BY 3;
  INSERT INTO bounce_count
    SELECT 'destination', destination, at / 86400000, 'unknown', count(*) FROM bounce GROUP BY 2, 3;
  INSERT INTO bounce_count
    SELECT 'tenant', tenant, at / 86400000, 'unknown', count(*) FROM bounce
    WHERE tenant IS NOT NULL GROUP BY 2, 3;
  -- Texts of class unknown, normalised.
  CREATE TABLE bounce_unknown (
    day INTEGER NOT NULL,
    text TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    example TEXT NOT NULL,
    PRIMARY KEY (day, text)
  ) WITHOUT ROWID;
  `,
  `
  -- Requests that must not be taken twice: by the SHA-256 of tenant and key.
  CREATE TABLE idempotency_key (
    name BLOB PRIMARY KEY,
    written_at INTEGER NOT NULL,
    -- 1: the process is at it.
    is_running INTEGER NOT NULL,
    record BLOB NOT NULL
  );
  CREATE INDEX idempotency_key_written ON idempotency_key (written_at);
  CREATE INDEX idempotency_key_running ON idempotency_key (is_running) WHERE is_running;
  -- What they take, with 200 bytes of each for its row and indexes.
  CREATE TABLE idempotency_sum (bytes INTEGER NOT NULL);
  INSERT INTO idempotency_sum VALUES (0);
  CREATE TRIGGER idempotency_key_enters AFTER INSERT ON idempotency_key BEGIN
    UPDATE idempotency_sum SET bytes = bytes + 200 + length(NEW.record);
  END;
  CREATE TRIGGER idempotency_key_changes AFTER UPDATE OF record ON idempotency_key BEGIN
    UPDATE idempotency_sum SET bytes = bytes + length(NEW.record) - length(OLD.record);
  END;
  CREATE TRIGGER idempotency_key_leaves AFTER DELETE ON idempotency_key BEGIN
    UPDATE idempotency_sum SET bytes = bytes - 200 - length(OLD.record);
  END;
  `,
];

/**
 * The database is of a newer version of Godwit, or of other settings: starting would lose sight of
 * mail.
 */
export class UnusableQueue extends Error {
  override readonly name = "UnusableQueue";
}

/** Brings the database to this version's tables. @throws {UnusableQueue} */
export function migrate(database: Database): void {
  const row = database.query<{ user_version: number }, []>("PRAGMA user_version").get();
  const version = row?.user_version ?? 0;
  if (version > steps.length) {
    throw new UnusableQueue(
      `Cannot open queue: it was written by a newer version of Godwit (${version}, this one knows ${steps.length})`,
    );
  }
  database.transaction(() => {
    for (const step of steps.slice(version)) database.run(step);
    database.run(`PRAGMA user_version = ${steps.length}`);
  })();
}

/** The shard map must stay as it is as long as there is a queue. @throws {UnusableQueue} */
export function checkShards(database: Database, shards: number): void {
  const row = database
    .query<{ value: string }, []>("SELECT value FROM setting WHERE name = 'shards'")
    .get();
  if (row === null) {
    database.run("INSERT INTO setting VALUES ('shards', ?)", [String(shards)]);
  } else if (row.value !== String(shards)) {
    throw new UnusableQueue(
      `Cannot open queue: it was made with shards: ${row.value}, the configuration says ${shards}; ` +
        `set shards: ${row.value}, or let the queue run empty and remove it`,
    );
  }
}
