import { beforeEach, describe, expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { shard } from "../../../test/support/records.ts";
import { unansweredText } from "./unanswered.ts";

const id = "01JDF8Z5T0ABCDEFGHJKMNPQRA";
const warning = `No full answer for shard 0:
  0: no worker that answers owns it (godwit cluster status)
`;

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
  bench.idleWorker.leave();
});

test("shards are told in ranges, with who should have answered and why not", () => {
  const shards = [7, 2, 1, 3, 9].map(shard);
  const workers = [{ name: "w1/x", reason: "no answer in time\u001b[2J" }];
  const text = "No full answer for shards 1-3, 7, 9:\n  w1/x: no answer in time [2J\n";
  expect(unansweredText({ shards, workers })).toBe(text);
});

test("a silent worker is told with its shards and the age of its last heartbeat", () => {
  const shards = [1, 2, 3, 7].map(shard);
  const [reason, silentMs] = ["it is not connected any more", 12_000];
  const workers = [{ name: "w1/x", reason, silentMs, shards: [1, 2, 3].map(shard) }];
  expect(unansweredText({ shards, workers }).split("\n")).toEqual([
    "No full answer for shards 1-3, 7:",
    "  w1/x (1-3): it is not connected any more; its last heartbeat was 12s ago",
    "  7: no worker that answers owns it (godwit cluster status)",
    "",
  ]);
});

describe("what nobody answered for is told by", () => {
  test.each([
    [["queue", "list"], 0, "Nothing waits elsewhere.\n"],
    [["queue", "summary"], 0, "Nothing waits elsewhere.\n"],
    [["queue", "show", id], 1, `Nobody else has anything of ${id}.\n`],
    [["queue", "retry", "a.example"], 0, ""],
    [["queue", "hold", "a.example"], 0, ""],
    [["explain", "a.example"], 0, ""],
  ])("%j", async (args, code, rest) => {
    const ran = await bench.run(...args);
    expect([ran.code, ran.err]).toEqual([code, warning + rest]);
  });
});

test("it is in JSON, too", async () => {
  const { out } = await bench.run("queue", "list", "--json");
  expect(JSON.parse(out)).toEqual({ units: [], unanswered: { shards: [0], workers: [] } });
});

test("explain does not call that idle of which nothing is known", async () => {
  const { out } = await bench.run("explain", "a.example");
  expect(out).toContain("What waits for a.example is not known now");
});
