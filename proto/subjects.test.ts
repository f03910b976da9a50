import { describe, expect, test } from "bun:test";
import { destination, incarnation, queueId, shard } from "../test/support/records.ts";
import { bucketStream, clusterNames, keySubject } from "./subjects.ts";

const names = clusterNames();
const id = queueId("01JDABCDEFGHJKMNPQRSTVWXYZ");

/** Other versions read and write the same: none of these may change. */
describe("clusterNames()", () => {
  test("streams", () => {
    expect(names.shardStream(shard(7))).toBe("Q007");
    const { splitStream, bodyStream, journalStream, eventsStream } = names;
    expect([splitStream, bodyStream, journalStream, eventsStream]).toEqual([
      "SPLIT",
      "BODY",
      "JOURNAL",
      "EVENTS",
    ]);
  });

  test.each([
    ["Q007", 7],
    ["Q255", 255],
    ["Q7", undefined],
    ["t-Q007", undefined],
    ["SPLIT", undefined],
  ])("stream %s is shard %p", (stream, n) => {
    expect(names.shardOfStream(stream)).toBe(n as number);
  });

  test.each([
    ["example.com", "mta.q.183.n.com.example"],
    ["mx-1.a_b.example", "mta.q.183.n.example.a_b.mx-1"],
    ["[192.0.2.1]", "mta.q.183.n.%5b192%2e0%2e2%2e1%5d"],
    ["[ipv6:2001:db8::1]", "mta.q.183.n.%5bipv6:2001:db8::1%5d"],
    ["a..b", "mta.q.183.n.b.%.a"],
    ["*.example", "mta.q.183.n.example.%2a"],
  ])("a unit for %s", (to, subject) => {
    expect(names.unitSubject(shard(183), "n", destination(to))).toBe(subject);
  });

  test("the other subjects", () => {
    expect(names.laneFilter(shard(0), "h")).toBe("mta.q.000.h.>");
    expect(names.splitSubject).toBe("mta.split");
    expect(names.chunkSubject(id, 3)).toBe(`mta.body.${id}.3`);
    expect(names.doneSubject(id, 2)).toBe(`mta.body.${id}.done.2`);
    expect(names.doneFilter(id)).toBe(`mta.body.${id}.done.*`);
    expect(names.bodyOfMessage(id)).toBe(`mta.body.${id}.>`);
    expect(names.journalSubject(incarnation("w1.example.net/01J"))).toBe(
      "mta.j.w1%2eexample%2enet.01J",
    );
    expect(names.eventSubject("bounce")).toBe("mta.e.bounce");
    expect(names.shardControlSubject(shard(12))).toBe("mta.ctl.shard.12");
    expect(names.workerControlSubject).toBe("mta.ctl.worker");
    expect(names.presenceSubject(incarnation("w1.a/01"))).toBe("mta.ctl.worker.w1%2ea.01");
  });

  test("buckets", () => {
    expect(Object.values(names.buckets)).toEqual([
      "mta_workers",
      "mta_shards",
      "mta_once",
      "mta_stats",
      "mta_keys",
    ]);
    expect(bucketStream("mta_once")).toBe("KV_mta_once");
    expect(keySubject("mta_once", "k")).toBe("$KV.mta_once.k");
  });

  test("a namespace shares nothing with another", () => {
    const other = clusterNames("t1");
    expect(other.shardStream(shard(7))).toBe("t1-Q007");
    expect(other.shardOfStream("t1-Q007")).toBe(7);
    expect(other.shardOfStream("Q007")).toBeUndefined();
    expect(other.splitSubject).toBe("mta-t1.split");
    expect(other.buckets.once).toBe("mta_t1_once");
  });
});

test("a worker's key, and the shard of a key", () => {
  const names = clusterNames();
  expect(names.memberKey(incarnation("mta1.example/01ARZ3"))).toBe("mta1%2eexample.01ARZ3");
  expect(names.shardOfKey("$KV.mta_shards.17")).toBe(shard(17));
  for (const subject of ["$KV.mta_shards.x", "$KV.mta_workers.1", "$KV.mta_shards.1234"]) {
    expect(names.shardOfKey(subject)).toBeUndefined();
  }
});
