import { beforeEach, expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { destination, path, shard, uid } from "../../../test/support/records.ts";

const now = 1_795_000_000_000;
const id = "01JDF8Z5T0ABCDEFGHJKMNPQRA.0";

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

async function lines(...args: string[]): Promise<string[]> {
  const { code, out, err } = await bench.run("queue", ...args);
  expect([code, err]).toEqual([0, ""]);
  return out.split("\n");
}

test("holds are listed with their reasons", async () => {
  await bench.run("queue", "hold", "example.com", "--reason", "moving\u001b[2J");
  expect(await lines("holds")).toEqual([
    "SINCE (UTC)          DESTINATION  REASON",
    "2026-11-18 11:06:40  example.com  moving [2J",
    "",
  ]);
  const hold = { destination: "example.com", reason: "moving\u001b[2J", since: now };
  expect(JSON.parse((await lines("holds", "--json")).join("\n"))).toEqual({ holds: [hold] });
});

test("bounces are listed with what was replied", async () => {
  await bench.store.recordBounces([
    {
      uid: uid(id),
      at: now,
      recipient: { path: path("b@example.com") },
      reversePath: "a@source.example",
      destination: destination("example.com"),
      code: 550,
      status: "5.1.1",
      text: "no such user",
    },
  ]);
  const row = `2026-11-18 11:06:40  ${id}  <a@source.example>  <b@example.com>  550 5.1.1 no such user`;
  expect((await lines("bounces"))[1]).toBe(row);
  expect((await lines("bounces", "example.com", "--after", "2026-11-18"))[1]).toBe(row);
  expect(JSON.parse((await lines("bounces", "other.example", "--json")).join("\n"))).toEqual({
    bounces: [],
  });
});

test("bounces after no time are asked wrongly", async () => {
  const { code, err } = await bench.run("queue", "bounces", "--after", "never");
  expect([code, err]).toEqual([
    2,
    'The control API at http://127.0.0.1:8025: after: "never" is no time\n',
  ]);
});

test("what could not be read is listed with the reason", async () => {
  const parked = { shard: shard(1), sequence: 7, uid: id, at: now, reason: "no msgpack" };
  await bench.store.park({ ...parked, record: new Uint8Array([0xdc]) });
  expect((await lines("parked"))[1]).toBe(
    `2026-11-18 11:06:40  1      7         ${id}  no msgpack`,
  );
  expect(JSON.parse((await lines("parked", "--json")).join("\n"))).toEqual({
    parked: [{ ...parked, recordBase64: "3A==" }],
  });
});

test("queue list --parked shows the same", async () => {
  const parked = { shard: shard(1), sequence: 7, uid: id, at: now, reason: "no msgpack" };
  await bench.store.park({ ...parked, record: new Uint8Array([0xdc]) });
  expect(await lines("list", "--parked")).toEqual(await lines("parked"));
});

test.each(["holds", "bounces", "parked"])("%s: none", async (what) => {
  expect(await bench.run("queue", what)).toEqual({ code: 0, out: "", err: "There are none.\n" });
});
