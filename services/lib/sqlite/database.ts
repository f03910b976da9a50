/**
 * Opens the file of the embedded queue: durable at each commit, whole after each crash (ADR 0001).
 */
import { Database } from "bun:sqlite";
import { checkShards, migrate, UnusableQueue } from "./tables/schema.ts";

export interface DatabaseOptions {
  readonly path: string;
  readonly shards: number;
}

const pageBytes = 4_096;
/** The log of writes grows to this before it is folded into the file: most mail is gone by then. */
const walBytes = 32 * 1024 * 1024;
/** Another process that has the file (a backup) gets this long. */
const busyMs = 5_000;
/** What is read again soon is the newest: more would be memory that grows with the queue. */
const cacheKib = 8 * 1024;

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

/** Another process that is about to end gets this long. */
const ownerLeavesMs = 2_000;

/**
 * One process at a time may have a queue: a second one would take its shards over. SQLite's lock on
 * a file beside it ends with the process, however that ends; the queue's own file can still be
 * read.
 *
 * @throws {UnusableQueue}
 */
export function lockQueue(path: string): Database {
  const lock = new Database(`${path}.lock`, { create: true });
  try {
    lock.run(`PRAGMA busy_timeout = ${ownerLeavesMs}`);
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new UnusableQueue(`Cannot open queue "${path}": another process has it; stop that first`);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "SQLITE_BUSY";
}
