import { expect, test } from "bun:test";
import type { StreamState } from "@nats-io/jetstream";
import { encodeEvents } from "#proto/event";
import { clusterNames } from "#proto/subjects";
import { eventOf, newUnit } from "../../../test/conformance/fixtures.ts";
import { failureOf } from "../../../test/support/failure.ts";
import { ScriptedConsumers } from "../../../test/support/nats/scripted-consumers.ts";
import { incarnation } from "../../../test/support/records.ts";
import { JetStreamJournal } from "./jetstream-journal.ts";
import { Publisher } from "./publishing/publisher.ts";

const writer = incarnation("w1/1");
const names = clusterNames();
const subject = names.journalSubject(writer);
const [event, later] = [eventOf(newUnit({})), eventOf(newUnit({}))];
const state: Partial<StreamState> = { first_seq: 1, last_seq: 9 };

/** A replay behind sequence 5. */
function bench() {
  const server = new ScriptedConsumers();
  const ports = server.ports();
  const publisher = new Publisher(ports);
  const journal = new JetStreamJournal({ ...ports, names, publisher, name: "w2" });
  const replayed = Array.fromAsync(journal.replay(writer, event.shard, 5));
  /** The mark stands at sequence 9. */
  const mark = async () => {
    const sent = server.wire.sent.find((it) => it.subject.startsWith("mta.j.marks."));
    server.wire.answer(sent, { stream: names.journalStream, seq: 9 });
    await server.settle();
    return sent?.subject ?? "none";
  };
  const give = (sequence: number, delivery: number, of: string, data = encodeEvents([])) =>
    server.give(server.pulls(0)[0], { sequence, delivery, subject: of, data });
  return { server, replayed, mark, give };
}

test("a replay is over when its own mark comes by, and tells of the journal alone", async () => {
  const { server, replayed, mark, give } = bench();
  await server.settle();
  const marks = await mark();
  expect(server.made[0]).toMatchObject({ filter_subjects: [subject, marks], opt_start_seq: 6 });
  give(6, 1, marks);
  give(7, 2, subject, encodeEvents([event]));
  give(9, 3, marks);
  expect(await replayed).toEqual([event]);
});

test("what is stored behind the mark is another replay's", async () => {
  const { server, replayed, mark, give } = bench();
  await server.settle();
  await mark();
  give(7, 1, subject, encodeEvents([event]));
  give(10, 2, subject, encodeEvents([later]));
  expect(await replayed).toEqual([event]);
});

test("who cannot leave a mark vouches for nothing", async () => {
  const { server, replayed } = bench();
  const failure = failureOf(replayed);
  await server.advance(30_000);
  expect(String(await failure)).toContain('Cannot replay journal "w1/1" to its end');
  expect(server.made).toEqual([]);
});

test.each([
  ["its records stand there", { ...state, subjects: { [subject]: 3 } }, undefined],
  ["the stream has no leader", state, ""],
])("a replay that finds no record fails when %s", async (_, told, leader) => {
  const { server, replayed, mark, give } = bench();
  server.state = told;
  server.leader = leader;
  const failure = failureOf(replayed);
  await server.settle();
  give(9, 1, await mark());
  expect(String(await failure)).toContain("neither there nor gone");
});

test("a journal that has aged out, or never had a record, is empty by its leader's word", async () => {
  const { server, replayed, mark, give } = bench();
  server.state = state;
  server.leader = "n1";
  await server.settle();
  give(9, 1, await mark());
  expect(await replayed).toEqual([]);
});
