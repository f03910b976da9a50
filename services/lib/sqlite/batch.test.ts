import { expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import type { Epoch } from "#lib/leases/leases";
import type { QueueId, Shard, Uid } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { BatchRunner } from "./batch.ts";
import { openDatabase } from "./database.ts";
import { type Call, queueTables } from "./tables/operations.ts";
import { Room } from "./tables/room.ts";

const zero = 0 as Shard;
const writer = "w/1" as Incarnation;
const id = (n: number) => `01ARZ3NDEKTSV4RRFFQ69G5F${String(n).padStart(2, "0")}` as QueueId;

function runner(bytesMax = Number.POSITIVE_INFINITY) {
  const path = ":memory:";
  const database = openDatabase({ path, shards: 4 });
  const room = new Room(database, { path, bytesMax, freeBytesMin: 0, clock: systemClock });
  const tables = queueTables(database, { room, clock: systemClock, bouncesKeptMs: 1 });
  return { database, batch: new BatchRunner(database, tables), tables };
}

function accept(n: number, content = new Uint8Array(10)): Call {
  const uid = `${id(n)}.0` as Uid;
  const units = [{ uid, shard: zero, record: new Uint8Array([1]) }];
  return { name: "accept", args: [{ id: id(n), isRepeatable: false, units, content }] };
}

const end: Call = { name: "logEnd", args: [zero] };

test("answers come in the order of the calls, and see what went before", () => {
  const { batch } = runner();
  expect(batch.run([end, accept(1), accept(2), end])).toEqual([
    { value: 0 },
    { value: [1] },
    { value: [2] },
    { value: 2 },
  ]);
});

test("a refusal does nothing to the others of its batch", () => {
  const { batch } = runner();
  const fenced: Call = {
    name: "checkpoint",
    args: [zero, 9 as Epoch, { floor: 0, journals: [] }],
  };
  const [first, second, third] = batch.run([accept(1), fenced, accept(2)]);
  expect(first).toEqual({ value: [1] });
  expect(second).toMatchObject({ failure: { name: "Fenced" } });
  expect(third).toEqual({ value: [2] });
});

test("a key for which there is no room keeps back nobody's mail", () => {
  const { batch } = runner(1);
  const claimant = { fingerprint: new Uint8Array(32), uid: "u" };
  const begin: Call = { name: "beginKey", args: [{ name: new Uint8Array(32), now: 0, claimant }] };
  const [first, second] = batch.run([begin, end]);
  expect(first).toMatchObject({ failure: { name: "IdempotencyUnavailable" } });
  expect(second).toEqual({ value: 0 });
});

test("a call that breaks is rolled back alone", () => {
  const { batch } = runner();
  const broken: Call = { name: "defer", args: [zero, [{ uid: `${id(7)}.0` }], []] };
  const [first, second] = batch.run([accept(1), broken, end]);
  expect(first).toMatchObject({ value: expect.any(Array) });
  expect(second).toHaveProperty("failure");
  const range = { shard: zero, after: 0, countMax: 9, bytesMax: 9_000 };
  const [read] = batch.run([{ name: "readLog", args: [range] }]);
  expect(read).toMatchObject({ value: { entries: [{ uid: `${id(1)}.0` }] } });
});

test("a record of the journal and the end of what it settles are one", () => {
  const { batch, database } = runner();
  batch.run([accept(1), accept(2)]);
  const append: Call = { name: "append", args: [writer, new Uint8Array([1]), [[zero, 1]]] };
  expect(batch.run([append])).toEqual([{ value: 1 }]);
  expect(database.query("SELECT key FROM log").all()).toEqual([{ key: 2 }]);
  batch.run([{ name: "seal", args: [writer] }]);
  const late: Call = { name: "append", args: [writer, new Uint8Array([2]), [[zero, 2]]] };
  expect(batch.run([late])).toMatchObject([{ failure: { name: "JournalSealed" } }]);
  expect(database.query("SELECT key FROM log").all()).toEqual([{ key: 2 }]);
});

test("a queue that is full refuses mail, and goes on with the rest", () => {
  const { batch } = runner(400_000);
  const large = Array.from({ length: 30 }, (_, n) => accept(n, new Uint8Array(50_000)));
  const answers = large.flatMap((call) => batch.run([call]));
  expect(answers.at(-1)).toMatchObject({ failure: { name: "IntakeFull" } });
  expect(batch.run([{ name: "purge", args: [zero, 100] }, end])).toHaveLength(2);
  expect(batch.run([accept(40)])).toMatchObject([{ value: [expect.any(Number)] }]);
});

test("the disk's own word is the same as ours", () => {
  const { batch, database } = runner();
  const pages = database.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count;
  database.run(`PRAGMA max_page_count = ${(pages ?? 0) + 20}`);
  const answers = Array.from({ length: 30 }, (_, n) => accept(n, new Uint8Array(20_000))).flatMap(
    (call) => batch.run([call]),
  );
  expect(answers.at(-1)).toMatchObject({ failure: { name: "IntakeFull" } });
  database.run("PRAGMA max_page_count = 100000");
  expect(batch.run([accept(50)])).toMatchObject([{ value: [expect.any(Number)] }]);
});
