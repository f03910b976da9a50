import { beforeEach, expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { shard } from "../../../test/support/records.ts";

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

test.each(["holds", "parked"])("%s: none", async (what) => {
  expect(await bench.run("queue", what)).toEqual({ code: 0, out: "", err: "There are none.\n" });
});
