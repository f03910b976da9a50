import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockQueue, openDatabase } from "./database.ts";
import { UnusableQueue } from "./tables/schema.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "godwit-database-"));
  path = join(folder, "queue.sqlite");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("each commit is on the disk before it is told", () => {
  const database = openDatabase({ path, shards: 4 });
  expect(database.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(database.query("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
  database.close();
});

test("it opens again as it was", () => {
  openDatabase({ path, shards: 4 }).close();
  const database = openDatabase({ path, shards: 4 });
  expect(database.query("SELECT count(*) AS n FROM log").get()).toEqual({ n: 0 });
  database.close();
});

test("another number of shards would lose sight of mail", () => {
  openDatabase({ path, shards: 4 }).close();
  const open = () => openDatabase({ path, shards: 8 });
  expect(open).toThrow(UnusableQueue);
  expect(open).toThrow("set shards: 4");
});

test("a queue of a newer version is left alone", () => {
  const database = openDatabase({ path, shards: 4 });
  database.run("PRAGMA user_version = 99");
  database.close();
  expect(() => openDatabase({ path, shards: 4 })).toThrow("newer version");
});

test("one process at a time has a queue", () => {
  const lock = lockQueue(path);
  expect(() => lockQueue(path)).toThrow("another process has it");
  lock.close();
  lockQueue(path).close();
});
