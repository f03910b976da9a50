/** Opens the file of the embedded queue: durable at each commit, whole after each crash (ADR 0001). */
import { Database } from "bun:sqlite";
import { checkShards, migrate } from "./tables/schema.ts";

export interface DatabaseOptions {
  readonly path: string;
  readonly shards: number;
}

const pageBytes = 4_096;
/** The log of writes grows to this before it is folded into the file: most mail is gone by then. */
const walBytes = 32 * 1024 * 1024;
/** Another process that has the file (a backup) gets this long. */
const busyMs = 5_000;
const cacheKib = 32 * 1024;

/** @throws {UnusableQueue} */
export function openDatabase({ path, shards }: DatabaseOptions): Database {
  const database = new Database(path, { create: true });
  try {
    database.run(`PRAGMA busy_timeout = ${busyMs}`);
    database.run(`PRAGMA page_size = ${pageBytes}`);
    database.run("PRAGMA journal_mode = WAL");
    // NORMAL would lose the last commits with the power: then 250 is a lie.
    database.run("PRAGMA synchronous = FULL");
    database.run(`PRAGMA wal_autocheckpoint = ${walBytes / pageBytes}`);
    database.run(`PRAGMA journal_size_limit = ${walBytes}`);
    database.run(`PRAGMA cache_size = -${cacheKib}`);
    migrate(database);
    checkShards(database, shards);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
