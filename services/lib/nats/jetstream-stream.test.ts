import { expect, test } from "bun:test";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../test/support/failure.ts";
import { ScriptedConsumers } from "../../../test/support/nats/scripted-consumers.ts";
import { shard } from "../../../test/support/records.ts";
import { BodyStore } from "./body-store.ts";
import { JetStreamStream } from "./jetstream-stream.ts";

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
