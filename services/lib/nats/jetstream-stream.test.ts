import { expect, test } from "bun:test";
import type { JetStreamManager } from "@nats-io/jetstream";
import { LogWentBack } from "#lib/stream/stream";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../test/support/failure.ts";
import { ScriptedConsumers } from "../../../test/support/nats/scripted-consumers.ts";
import { shard } from "../../../test/support/records.ts";
import { BodyStore } from "./body-store.ts";
import { JetStreamStream } from "./jetstream-stream.ts";

/** A stream whose purges are noted. */
function purging(server: ScriptedConsumers, names = clusterNames()) {
  const ports = server.ports();
  const purged: unknown[] = [];
  const { info } = ports.manager.streams;
  const purge = async (_: string, to: unknown) => void purged.push(to);
  const manager = { ...ports.manager, streams: { info, purge } } as unknown as JetStreamManager;
  const publish = () => Promise.reject(new Error("nothing is published"));
  const bodies = new BodyStore({ names, publisher: { publish }, ...ports, manager });
  return { purged, stream: new JetStreamStream({ ...ports, names, bodies, manager }) };
}

test("what ends before the floor is another log, and nothing of it is purged", async () => {
  const server = new ScriptedConsumers();
  const { purged, stream } = purging(server);
  server.state = { first_seq: 1, last_seq: 7 };
  const failure = await failureOf(stream.purge(shard(0), 8));
  expect(failure).toBeInstanceOf(LogWentBack);
  expect(purged).toEqual([]);
  await stream.purge(shard(0), 7);
  expect(purged).toEqual([{ seq: 8 }]);
});

test("nothing is purged twice, but a log that went back meanwhile is noticed", async () => {
  const server = new ScriptedConsumers();
  const { purged, stream } = purging(server);
  server.state = { first_seq: 1, last_seq: 7 };
  await stream.purge(shard(0), 5);
  await stream.purge(shard(0), 5);
  expect(purged).toEqual([{ seq: 6 }]);
  server.state = { first_seq: 1, last_seq: 4 };
  expect(await failureOf(stream.purge(shard(0), 5))).toBeInstanceOf(LogWentBack);
});

test("a log that never had a message begins with the first", async () => {
  const server = new ScriptedConsumers();
  const { stream } = purging(server);
  server.state = { first_seq: 0, last_seq: 0 };
  expect(await stream.origin(shard(0))).toMatchObject({ first: 1 });
});

test("the end of a log is its leader's word, and nobody else's", async () => {
  const server = new ScriptedConsumers();
  const ports = server.ports();
  const names = clusterNames();
  const publish = () => Promise.reject(new Error("nothing is published"));
  const bodies = new BodyStore({ names, publisher: { publish }, ...ports });
  const stream = new JetStreamStream({ ...ports, names, bodies });
  server.state = { first_seq: 1, last_seq: 7 };
  expect(await stream.end(shard(0))).toBe(7);
  server.leader = "n1";
  expect(await stream.end(shard(0))).toBe(7);
  server.leader = "";
  expect(String(await failureOf(stream.end(shard(0))))).toContain("no leader");
});
