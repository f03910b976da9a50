import { expect, test } from "bun:test";
import { clusterNames } from "#proto/subjects";
import { ScriptedConsumers } from "../../../../test/support/nats/scripted-consumers.ts";
import { shard } from "../../../../test/support/records.ts";
import { JetStreamReader } from "./jetstream-reader.ts";

const limit = { countMax: 8, bytesMax: 1_000 };
const { signal } = new AbortController();
const names = clusterNames();

async function bench(after = 0) {
  const server = new ScriptedConsumers();
  const ports = { ...server.ports(), names, shard: shard(0), after };
  const reader = new JetStreamReader({ ...ports, onBody: () => {}, onClose: () => {} });
  await server.settle();
  const isHigh = ({ filter_subject }: { filter_subject?: string }) =>
    filter_subject === names.laneFilter(shard(0), "h");
  const delivered = { h: 0, n: 0 };
  /** From the lane's newest consumer. */
  const give = (lane: "h" | "n", ...sequences: number[]) => {
    const consumer = server.made.findLastIndex((config) => isHigh(config) === (lane === "h"));
    for (const sequence of sequences) {
      delivered[lane] += 1;
      server.give(server.pulls(consumer)[0], { sequence, delivery: delivered[lane] });
    }
  };
  const pull = async () => {
    const { entries, through } = await reader.pull(limit, signal);
    return [entries.map(({ sequence }) => sequence), through] as const;
  };
  return { server, reader, give, pull, delivered };
}

test("through is where the run of what was given ends, over both lanes", async () => {
  const { give, pull } = await bench(10);
  give("n", 11, 13);
  expect(await pull()).toEqual([[11, 13], 11]);
  give("h", 12, 15);
  expect(await pull()).toEqual([[12, 15], 13]);
  give("n", 14);
  expect(await pull()).toEqual([[14], 15]);
});

test("high priority comes first, and leaves the others a share", async () => {
  const { give, pull } = await bench();
  give("n", 1, 2, 3);
  give("h", 4, 5, 6, 7, 8, 9, 10, 11, 12);
  expect(await pull()).toEqual([[4, 5, 6, 7, 8, 9, 1, 2], 2]);
  expect(await pull()).toEqual([[10, 11, 12, 3], 12]);
});

test("what is not there any more is skipped after a while, with an event", async () => {
  const { server, give, pull, reader, delivered } = await bench();
  give("n", 3, 5);
  expect(await pull()).toEqual([[3, 5], 0]);
  server.state = { first_seq: 3, last_seq: 5, deleted: [4] };
  await server.advance(4_000);
  expect(reader.holes).toBe(0);
  await server.advance(2_000);
  expect(server.warned.filter((event) => event === "log_hole_skipped")).toHaveLength(2);
  // Nothing was heard of the lanes meanwhile: they have new consumers.
  delivered.n = 0;
  give("n", 6);
  expect(await pull()).toEqual([[6], 6]);
});

test.each([
  ["what nobody could read, but is not known to be gone", { first_seq: 1, last_seq: 3 }],
  ["what a leader of before does not have yet", { first_seq: 1, last_seq: 1 }],
])("%s is not skipped, and comes", async (_, state) => {
  const { server, give, pull, reader, delivered } = await bench();
  give("n", 1, 3);
  expect(await pull()).toEqual([[1, 3], 1]);
  server.state = state;
  await server.advance(12_000);
  expect(server.warned.filter((event) => event === "log_entry_unaccounted")).toHaveLength(2);
  expect(reader.holes).toBe(0);
  server.standing.set(2, names.laneFilter(shard(0), "n").replace(">", "example"));
  await server.advance(6_000);
  delivered.n = 0;
  give("n", 2, 3, 4);
  expect(await pull()).toEqual([[2, 4], 4]);
});

test("what is there and was passed over is fetched, and nothing is given twice", async () => {
  const { server, give, pull, delivered } = await bench();
  server.standing.set(2, names.laneFilter(shard(0), "n").replace(">", "example"));
  give("n", 1, 3);
  expect(await pull()).toEqual([[1, 3], 1]);
  await server.advance(6_000);
  expect(server.warned).toContain("log_entry_overdue");
  delivered.n = 0;
  give("n", 2, 3, 4);
  expect(await pull()).toEqual([[2, 4], 4]);
});

test("what a slow lane has not come to yet is waited for", async () => {
  const { server, give, pull, reader } = await bench();
  server.standing.set(1, names.laneFilter(shard(0), "n").replace(">", "example"));
  give("h", 2);
  expect(await pull()).toEqual([[2], 0]);
  await server.advance(20_000);
  expect([reader.holes, server.warned.includes("log_entry_overdue")]).toEqual([0, false]);
  reader.close();
});
