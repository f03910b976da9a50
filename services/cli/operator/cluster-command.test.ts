import { describe, expect, test } from "bun:test";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { statusText } from "./cluster-command.ts";
import type { ClusterStatus } from "./control-answers.ts";

const few = { isEach: false };
const base = { floor: 3, lag: 4, epoch: 2 };
const owned = { ...base, state: "owned", owner: "w2/b", unsettled: 1 };
const worker = { standing: "staying", silentMs: 1_000, shards: 1 };

describe("cluster status", () => {
  test("shows workers, and that all is well", async () => {
    const bench = new OperatorBench();
    await bench.leases.heartbeat(incarnation("w1/a"), "staying");
    await bench.leases.claim(shard(0), incarnation("w1/a"), undefined);
    const { out } = await bench.run("cluster", "status");
    expect(out.split("\n")).toEqual([
      "WORKER  STANDING  HEARD   SHARDS  LAG  MOST  UNITS  SILENT",
      "w1      staying   0s ago  1       0",
      "",
      "All 1 shards are as they should be (--shards all shows each)",
      "",
    ]);
    const { out: json } = await bench.run("cluster", "status", "--json");
    expect(JSON.parse(json)).toMatchObject({ workers: [{ name: "w1/a" }], shards: [{ epoch: 1 }] });
  });

  test("shows each shard when it is asked to", async () => {
    const bench = new OperatorBench();
    await bench.leases.heartbeat(incarnation("w1/a"), "staying");
    await bench.leases.claim(shard(0), incarnation("w1/a"), undefined);
    const { out } = await bench.run("cluster", "status", "--shards", "all");
    expect(out.split("\n").slice(3)).toEqual([
      "SHARD  STATE  OWNER  EPOCH  FLOOR  LAG  WAITS",
      "0      owned  w1     1      0      0",
      "",
    ]);
    const wrong = await bench.run("cluster", "status", "--shards", "7");
    expect(wrong).toMatchObject({ code: 2, err: '--shards: "7" is not "all"\n' });
  });

  test("says who waits for what, once for those that wait for the same", () => {
    const moving = { ...base, state: "moving", owner: "w1/a", waitsFor: "w2/b" };
    const silent = { state: "silent", owner: "w3/c", waitsFor: "w2/b", waitsMs: 18_000 };
    const lines = statusText(
      {
        workers: [{ ...worker, name: "w2/b" }],
        shards: [
          { shard: 0, ...moving },
          { shard: 1, ...moving },
          { shard: 2, ...base, state: "orphaned", owner: "w4/d", waitsFor: "w2/b" },
          { shard: 3, floor: 0, state: "free" },
          { shard: 4, ...base, ...silent },
          { shard: 5, ...owned },
          { shard: 6, ...owned, state: "heldUp", reason: "the store is away" },
          { shard: 7, ...base, state: "takingOver", owner: "w2/b" },
          { shard: 8, floor: 3, state: "owned", owner: "w2/b" },
        ],
      },
      few,
    ).split("\n");
    expect(lines.slice(1)).toEqual([
      "w2      staying   1s ago  1       12+  4 in 5  2",
      "",
      "1 of 9 shards are as they should be (--shards all shows each)",
      "  0-1: moving, lag 8",
      "    w1 hands it over to w2",
      "  2: orphaned, lag 4",
      "    w4 is dead: w2 takes it over",
      "  3: free, lag 0+",
      "    any worker is to claim it",
      "  4: silent, lag 4",
      "    w3 says nothing: w2 takes it over in 18s",
      "  6: heldUp, lag 4",
      "    w2: the store is away",
      "  7: takingOver, lag 4",
      "    w2 is taking it over",
      "  8: owned, lag 0+",
      "    its log does not answer, so its lag is not known",
      "",
    ]);
  });

  test("names incarnations where one worker has two, and tells when there is none", () => {
    const shards = [{ shard: 0, ...base, state: "orphaned", owner: "w1/a", waitsFor: "w1/b" }];
    const text = statusText({ workers: [{ ...worker, name: "w1/b" }], shards }, few);
    expect(text).toContain("w1/a is dead: w1/b takes it over");
    expect(statusText({ workers: [], shards }, few)).toStartWith("No worker is heard of.\n");
  });

  test("fits a terminal of 100 columns with 32 shards", () => {
    const names = ["0", "1", "2"].map((n) => `delivery-${n}.mail/01JDF8Z5T0ABCDEFGHJKMNPQR${n}`);
    const shards = Array.from({ length: 32 }, (_, n) => ({
      ...{ shard: n, epoch: 12, floor: 123_456_789, lag: 12_345, unsettled: 900 },
      ...{ state: n % 3 === 0 ? "moving" : "owned", owner: names[n % 3] },
      ...(n % 3 === 0 ? { waitsFor: names[1] } : {}),
    }));
    const unanswered = "it is not connected any more";
    const workers = names.map((name) => ({ ...worker, name, unanswered }));
    const status: ClusterStatus = { workers, shards };
    for (const isEach of [false, true]) {
      const lengths = statusText(status, { isEach })
        .split("\n")
        .map((line) => line.length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
    }
  });
});
