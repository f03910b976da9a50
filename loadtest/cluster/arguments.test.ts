import { describe, expect, test } from "bun:test";
import { clusterArguments } from "./arguments.ts";

describe("clusterArguments()", () => {
  test("without any: three NATS, one Cassandra, two edges, two workers", () => {
    expect(clusterArguments([])).toEqual({
      folder: "data/cluster",
      edges: 2,
      workers: 2,
      controls: 1,
      nats: 3,
      cassandra: 1,
      shards: 16,
      nextHop: { address: "127.0.0.1", port: 2_526 },
    });
  });

  test("takes another folder, and other numbers", () => {
    const args = "there --workers 3 --cassandra 3 --next-hop 127.0.0.1:25".split(" ");
    expect(clusterArguments(args)).toMatchObject({
      folder: "there",
      workers: 3,
      cassandra: 3,
      nextHop: { address: "127.0.0.1", port: 25 },
    });
  });
});
