import { expect, test } from "bun:test";
import type { Uid } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { bounceOf } from "../../../../test/support/bounces.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { openDatabase } from "../database.ts";
import { queueTables } from "./operations.ts";
import { keptMs } from "./retention.ts";
import { Room } from "./room.ts";

const writer = "w/1" as Incarnation;
const dayMs = 86_400_000;
const bouncesKeptMs = 30 * dayMs;
const uid = (n: number) => `01ARZ3NDEKTSV4RRFFQ69G5FAV.${n}` as Uid;

function tables() {
  const clock = new ManualClock();
  const path = ":memory:";
  const database = openDatabase({ path, shards: 4 });
  const limits = { bytesMax: Number.POSITIVE_INFINITY, freeBytesMin: 0 };
  const room = new Room(database, { path, ...limits, clock });
  return { clock, database, ...queueTables(database, { room, clock, bouncesKeptMs }).operations };
}

test("finished units are remembered for an hour, the journal for three days", () => {
  const { clock, finish, find, append, sweep, database } = tables();
  finish([uid(1)]);
  append(writer, new Uint8Array(10), []);
  clock.advance(keptMs.finished - 1);
  finish([uid(2)]);
  expect(sweep()).toBe(false);
  expect(find([uid(1), uid(2)])).toHaveLength(2);
  clock.advance(2);
  sweep();
  expect(find([uid(1), uid(2)])).toEqual([{ uid: uid(2) }]);
  expect(database.query("SELECT count(*) AS n FROM journal").get()).toEqual({ n: 1 });
  clock.advance(keptMs.journal);
  sweep();
  expect(database.query("SELECT count(*) AS n FROM journal").get()).toEqual({ n: 0 });
});

test("a sweep that has more to do says so", () => {
  const { clock, finish, sweep } = tables();
  finish(Array.from({ length: 3_000 }, (_, n) => uid(n)));
  clock.advance(keptMs.finished + 1);
  expect(sweep()).toBe(true);
  expect(sweep()).toBe(false);
});

test("a journal that grows too large loses its oldest records", () => {
  const { append, shortenJournal, database } = tables();
  expect(shortenJournal(1_000)).toBe(false);
  for (let n = 0; n < 3_000; n++) append(writer, new Uint8Array(100), []);
  expect(shortenJournal(1_000_000)).toBe(false);
  expect(shortenJournal(200_000)).toBe(true);
  const { first } = database
    .query<{ first: number }, []>("SELECT min(position) AS first FROM journal")
    .get() ?? { first: 0 };
  expect(first).toBeGreaterThan(1_000);
  expect(append(writer, new Uint8Array(1), [])).toBe(3_001);
});

test("bounces, their counts and their unknown texts go together", () => {
  const { clock, recordBounces, bounces, countBounces, unknownBounces, sweep } = tables();
  const now = clock.now();
  recordBounces([
    bounceOf({ at: now, class: "unknown" }),
    bounceOf({ at: now + 2 * dayMs, path: "late@example.com" }),
  ]);
  clock.advance(bouncesKeptMs + 1);
  sweep();
  expect(bounces({ limit: 9 }).bounces).toHaveLength(1);
  clock.advance(dayMs);
  sweep();
  expect(countBounces({})).toMatchObject([{ class: "bad-mailbox", count: 1 }]);
  expect(unknownBounces({ limit: 9 })).toEqual([]);
  clock.advance(3 * dayMs);
  sweep();
  expect(bounces({ limit: 9 }).bounces).toEqual([]);
  expect(countBounces({})).toEqual([]);
});
