import { expect, test } from "bun:test";
import { failureOf } from "../../../../test/support/failure.ts";
import { ScriptedConsumers } from "../../../../test/support/nats/scripted-consumers.ts";
import { readThrough } from "./read-through.ts";

function bench() {
  const server = new ScriptedConsumers();
  const sequences: number[] = [];
  const reading = (async () => {
    const part = { stream: "S", filter: "s.>", after: 0, through: 5 };
    for await (const { sequence } of readThrough(server.ports(), part)) sequences.push(sequence);
  })();
  return { server, sequences, reading };
}

test("it ends with the last, and its consumer with it", async () => {
  const { server, sequences, reading } = bench();
  await server.settle();
  const [pull] = server.pulls(0);
  for (const n of [1, 2, 3]) server.give(pull, { sequence: n + 2, delivery: n });
  await reading;
  expect(sequences).toEqual([3, 4, 5]);
  expect(server.removed).toHaveLength(1);
});

test("what is behind the last is not given", async () => {
  const { server, sequences, reading } = bench();
  await server.settle();
  const [pull] = server.pulls(0);
  server.give(pull, { sequence: 4, delivery: 1 });
  server.give(pull, { sequence: 6, delivery: 2 });
  await reading;
  expect(sequences).toEqual([4]);
});

test("a last one that has aged out is not waited for; one that is there is", async () => {
  const { server, sequences, reading } = bench();
  await server.settle();
  server.give(server.pulls(0)[0], { sequence: 3, delivery: 1 });
  server.standing.set(5, "s.5");
  await server.advance(30_000);
  expect(sequences).toEqual([3]);
  server.standing.delete(5);
  server.state = { first_seq: 6, last_seq: 5 };
  await server.advance(30_000);
  await reading;
  expect(sequences).toEqual([3]);
});

test("a last one that only cannot be got is no end", async () => {
  const { server, sequences, reading } = bench();
  const failure = failureOf(reading);
  await server.settle();
  server.give(server.pulls(0)[0], { sequence: 3, delivery: 1 });
  server.state = { first_seq: 1, last_seq: 5 };
  await server.advance(30_000);
  expect(String(await failure)).toContain("neither there nor gone");
  expect(sequences).toEqual([3]);
});
