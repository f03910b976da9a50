import { expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { statusText } from "./cluster-command.ts";

test("cluster status shows workers and shards", async () => {
  const bench = new OperatorBench();
  await bench.leases.heartbeat(incarnation("w1/a"), "staying");
  await bench.leases.claim(shard(0), incarnation("w1/a"), undefined);
  const { out } = await bench.run("cluster", "status");
  expect(out.split("\n")).toEqual([
    "WORKER  STANDING  HEARD   SHARDS",
    "w1/a    staying   0s ago  1",
    "",
    "SHARD  STATE  OWNER  EPOCH  FLOOR  LAG  WAITS",
    "0      owned  w1/a   1      0      0",
    "",
  ]);
  const { out: json } = await bench.run("cluster", "status", "--json");
  expect(JSON.parse(json)).toMatchObject({ workers: [{ name: "w1/a" }], shards: [{ epoch: 1 }] });
});

test("cluster status says who waits for what", () => {
  const base = { floor: 3, lag: 4, epoch: 2 };
  const text = statusText({
    workers: [],
    shards: [
      { shard: 0, ...base, state: "moving", owner: "w1/a", waitsFor: "w2/b" },
      { shard: 1, ...base, state: "orphaned", owner: "w3/c", waitsFor: "w2/b" },
      { shard: 2, floor: 0, state: "free" },
    ],
  });
  expect(text).toStartWith("No worker is heard of.\n");
  expect(text).toContain("w2/b waits for w1/a to hand it over");
  expect(text).toContain("w3/c is not heard of: w2/b takes it over");
  expect(text).toMatch(/^2 +free +0 +\? +any worker is to claim it$/m);
});
