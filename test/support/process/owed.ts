/**
 * What the queue of a process that is gone still owes, read from a copy: nothing there is touched.
 */
import { Database } from "bun:sqlite";
import { copyFile, exists, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeDeferred } from "#proto/deferred";
import { decodeUnit } from "#proto/unit";

interface Row {
  readonly uid: string;
  readonly record: Uint8Array;
}

/** Forward-paths of all recipients that have no outcome yet. */
export async function owedIn(database: string): Promise<ReadonlySet<string>> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-owed-"));
  try {
    const copy = join(folder, "queue.sqlite");
    await copyFile(database, copy);
    if (await exists(`${database}-wal`)) await copyFile(`${database}-wal`, `${copy}-wal`);
    return owedOf(copy);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function owedOf(path: string): ReadonlySet<string> {
  using database = new Database(path);
  const rows = (sql: string) => database.query<Row, []>(sql).all();
  const owed = new Map<string, readonly string[]>();
  for (const { uid, record } of rows("SELECT uid, record FROM log")) {
    owed.set(
      uid,
      decodeUnit(record).recipients.map((it) => it.path),
    );
  }
  // The row of a deferred unit is younger than that of the log: it decides (DESIGN §6).
  for (const { uid, record } of rows("SELECT uid, record FROM unit")) {
    owed.set(
      uid,
      decodeDeferred(record).unit.recipients.map((it) => it.path),
    );
  }
  for (const { uid } of rows("SELECT uid, x'' AS record FROM finished")) owed.delete(uid);
  return new Set([...owed.values()].flat());
}
