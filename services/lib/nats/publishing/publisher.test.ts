import { expect, test } from "bun:test";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ScriptedWire } from "../../../../test/support/nats/scripted-wire.ts";
import { Publisher } from "./publisher.ts";

function bench() {
  const [wire, clock] = [new ScriptedWire(), new ManualClock()];
  const publisher = new Publisher({ link: wire, clock });
  const publish = (text: string) => publisher.publish({ subject: "s", data: Buffer.from(text) });
  return { wire, clock, publisher, publish };
}

test("each publish gets its own answer, in any order", async () => {
  const { wire, publish } = bench();
  const both = Promise.all([publish("a"), publish("b")]);
  wire.answer(wire.sent[1], { stream: "S", seq: 2 });
  wire.answer(wire.sent[0], { stream: "S", seq: 1 });
  expect(await both).toMatchObject([{ sequence: 1 }, { sequence: 2 }]);
});

test("one that is not answered in time is unanswered, and a late answer is nobody's", async () => {
  const { wire, clock, publish } = bench();
  const answer = publish("a");
  clock.advance(6_000);
  expect((await answer).kind).toBe("unanswered");
  wire.answer(wire.sent[0], { stream: "S", seq: 1 });
  clock.advance(1_000);
  expect(clock.timers).toBe(0);
});

test("a connection that is lost takes its answers with it; without one nothing is sent", async () => {
  const { wire, publish } = bench();
  const answer = publish("a");
  wire.turn(false);
  expect((await answer).kind).toBe("unanswered");
  expect((await publish("b")).kind).toBe("nobody");
  expect(wire.sent).toHaveLength(1);
});

test("whoever waits learns that it was closed", async () => {
  const { publisher, publish } = bench();
  const answer = publish("a");
  publisher.close();
  expect((await answer).kind).toBe("unanswered");
});

test("under load publishes leave together, and none waits for long", async () => {
  const { wire, clock, publish } = bench();
  const answers = Array.from({ length: 20 }, (_, n) => publish(String(n)));
  const alone = wire.sent.length;
  expect(alone).toBeLessThan(20);
  clock.advance(2);
  expect(wire.sent).toHaveLength(20);
  for (const [n, sent] of wire.sent.entries()) wire.answer(sent, { stream: "S", seq: n + 1 });
  const sequences = (await Promise.all(answers)).map((it) => it.kind === "stored" && it.sequence);
  expect(sequences).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
});

test("what waits for company when it is closed is not sent, and leaves no timer", async () => {
  const { wire, clock, publisher, publish } = bench();
  const answers = Array.from({ length: 20 }, (_, n) => publish(String(n)));
  const sent = wire.sent.length;
  publisher.close();
  await Promise.all(answers);
  expect([wire.sent.length, clock.timers]).toEqual([sent, 0]);
});

test("a large company does not wait at all", () => {
  const { wire, publish } = bench();
  for (let n = 0; n < 100; n++) void publish(String(n));
  expect(wire.sent.length).toBeGreaterThanOrEqual(50);
});

test("what waits for company while the connection is lost is not sent by another", async () => {
  const { wire, clock, publish } = bench();
  const answers = Array.from({ length: 20 }, (_, n) => publish(String(n)));
  const sent = wire.sent.length;
  wire.turn(false);
  const kinds = new Set((await Promise.all(answers)).map(({ kind }) => kind));
  expect([...kinds]).toEqual(["unanswered"]);
  wire.turn(true);
  clock.advance(10);
  expect(wire.sent).toHaveLength(sent);
});
