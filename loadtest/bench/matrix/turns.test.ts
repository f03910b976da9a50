import { expect, test } from "bun:test";
import type { Contestant } from "../contestants/contestant.ts";
import type { Throughput } from "../throughput.ts";
import { inTurns } from "./turns.ts";

function contestant(name: string): Contestant {
  return {
    name,
    durability: "synced",
    idleMax: 1,
    share: 1,
    warmUpMessages: 0,
    missing: async () => undefined,
    version: async () => "1",
    start: () => Promise.reject(new Error("it is not started")),
  };
}

const options = { domains: 1, messages: 1, sessions: 1, sizeBytes: 1, runs: 3, told: () => {} };

function result(acceptedPerSecond: number): Throughput {
  return {
    acceptedPerSecond,
    throughPerSecond: 1,
    p50Ms: 1,
    p99Ms: 1,
    p999Ms: 1,
    cpuPerThousandSeconds: 1,
    rssBytes: 1,
    anonymousBytes: 1,
    processes: 1,
    extraCopies: 0,
    writtenBytesPerMessage: 1,
    disk: undefined,
    roles: [],
    storeWrites: undefined,
    othersCores: 0,
  };
}

test("inTurns() lets each run once before any runs again", async () => {
  const order: string[] = [];
  const turns = await inTurns([contestant("a"), contestant("b")], options, async ({ name }) => {
    order.push(name);
    return result(order.length);
  });
  expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
  expect(turns.throughput.b?.map((it) => it.acceptedPerSecond)).toEqual([2, 4, 6]);
  expect(turns.failures).toEqual({});
});

test("inTurns() goes on without who fails, and says why", async () => {
  let turn = 0;
  const turns = await inTurns([contestant("a"), contestant("b")], options, async ({ name }) => {
    turn += 1;
    if (name === "b" && turn > 2) throw new Error("its log", { cause: new Error("it is full") });
    return result(turn);
  });
  expect(turns.throughput.a).toHaveLength(3);
  expect(turns.throughput.b).toHaveLength(1);
  expect(turns.failures).toEqual({ b: "it is full\nits log" });
});
