import { expect, test } from "bun:test";
import type { StreamInfo } from "@nats-io/jetstream";
import { shard } from "../../../test/support/records.ts";
import { type DoneLog, firstAfter, wentBack } from "./lost-logs.ts";

const log: DoneLog = { shard: shard(3), floor: 11 };
const second = 1e9;

const made = "2026-11-28T11:00:00Z";

function infoOf(end: number, cluster?: object, first = 1): StreamInfo {
  const state = { first_seq: first, last_seq: end };
  return { created: made, state, ...(cluster && { cluster }) } as unknown as StreamInfo;
}

function led(...actives: readonly number[]) {
  const replicas = actives.map((active, n) => ({ name: `n${n}`, current: true, active }));
  return { leader: "n9", replicas };
}

test("a log that ends before the floor of its shard went back", () => {
  expect(wentBack(log, infoOf(11))).toBeUndefined();
  expect(wentBack(log, infoOf(10))).toContain("ends at 10 and is not the one");
  // It has grown since.
  const grown = { ...log, log: "2026-11-28T10:00:00Z" };
  expect(wentBack(grown, infoOf(99))).toContain("done with up to 11");
  expect(wentBack({ ...grown, log: made }, infoOf(99))).toBeUndefined();
  expect(wentBack(grown, infoOf(99, undefined, 12))).toBeUndefined();
  // As the server tells of one that never had a message: nothing of the one before was read.
  expect(wentBack({ ...grown, floor: 0 }, infoOf(0, undefined, 0))).toBeUndefined();
});

test.each([
  ["all replicas are heard of", led(second, second), true],
  ["one of two is silent", led(second, 30 * second), true],
  ["both are silent: it may be a leader that was replaced", led(30 * second, 30 * second), false],
  ["none leads", { leader: "", replicas: [] }, false],
])("that is believed of a stream of which %s", (_, cluster, isBelieved) => {
  expect(wentBack(log, infoOf(10, cluster)) !== undefined).toBe(isBelieved);
});

test("a log that is made anew begins behind everything that was in the one before", () => {
  expect(firstAfter(log)).toBeGreaterThan(log.floor + 1_000_000);
});
