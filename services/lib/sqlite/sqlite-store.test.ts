import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { silentLog } from "#lib/telemetry/log";
import { deferred, nthUid, shardOfTests } from "../../../test/support/queued.ts";
import { EmbeddedQueue } from "./embedded-queue.ts";

let folder: string;
let queue: EmbeddedQueue;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-store-"));
  queue = await EmbeddedQueue.open({
    folder,
    shards: 4,
    clock: systemClock,
    log: silentLog,
    onFailed: (error) => {
      throw error;
    },
  });
});

afterEach(async () => {
  await queue.close();
  await rm(folder, { recursive: true, force: true });
});

test("a record that nobody can read hides no other", async () => {
  const [whole, damaged] = [deferred({ uid: nthUid(1) }), deferred({ uid: nthUid(2) })];
  const content = async () => new Uint8Array(10);
  await queue.store.defer(
    shardOfTests,
    [whole, damaged].map((it) => ({ deferred: it, content })),
  );
  using database = new Database(join(folder, "queue.sqlite"));
  database.run("UPDATE unit SET record = x'c1' WHERE uid = ?", [nthUid(2)]);

  const found = await queue.store.find([nthUid(1), nthUid(2)]);
  expect(found.get(nthUid(1))).toEqual({ state: "waiting", deferred: whole });
  expect(found.get(nthUid(2))).toEqual({
    state: "unreadable",
    record: new Uint8Array([0xc1]),
    reason: expect.stringContaining("Cannot decode deferred unit"),
  });
  expect(await queue.store.list(shardOfTests, { limit: 10 })).toEqual({ units: [whole] });
});
