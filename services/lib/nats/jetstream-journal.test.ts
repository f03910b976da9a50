import { expect, test } from "bun:test";
import type { StreamState } from "@nats-io/jetstream";
import type { UnitEvent } from "#lib/queue/event";
import { clusterNames } from "#proto/subjects";
import { failureOf } from "../../../test/support/failure.ts";
import { ScriptedConsumers } from "../../../test/support/nats/scripted-consumers.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { JetStreamJournal } from "./jetstream-journal.ts";
import { Publisher } from "./publishing/publisher.ts";

const writer = incarnation("w1/1");
const names = clusterNames();
const subject = names.journalSubject(writer);

/** A replay of a journal of which a server says that it has no record. */
function replayOf(server: ScriptedConsumers): Promise<readonly UnitEvent[]> {
  const ports = server.ports();
  const publisher = new Publisher(ports);
  const journal = new JetStreamJournal({ ...ports, names, publisher, name: "w2" });
  return Array.fromAsync(journal.replay(writer, shard(0), 5));
}

const state: Partial<StreamState> = { first_seq: 1, last_seq: 7 };

test.each([
  ["its records stand there", { ...state, subjects: { [subject]: 3 } }, undefined],
  ["the stream has no leader", state, ""],
])("a replay that finds no record fails when %s", async (_, told, leader) => {
  const server = new ScriptedConsumers();
  server.state = told;
  server.leader = leader;
  expect(String(await failureOf(replayOf(server)))).toContain("neither there nor gone");
});

test("a journal that has aged out, or never had a record, is empty by its leader's word", async () => {
  const server = new ScriptedConsumers();
  server.state = state;
  server.leader = "n1";
  expect(await replayOf(server)).toEqual([]);
});
