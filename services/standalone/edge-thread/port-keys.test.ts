import { expect, test } from "bun:test";
import { IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import { crossing } from "./crossing-error.ts";
import { PortKeys } from "./port-keys.ts";
import type { KeyQuestion } from "./protocol.ts";

function asked() {
  const questions: KeyQuestion[] = [];
  const ask = (question: KeyQuestion) => void questions.push(question);
  return { questions, keys: new PortKeys({ messagesAreRepeatable: true, ask }) };
}

test("answers find their questions, whatever their order", async () => {
  const { questions, keys } = asked();
  const bytes = Uint8Array.of(1);
  const first = keys.begin("acme", "a", bytes, "01");
  const second = keys.begin("acme", "b", bytes, "02");
  const finished = keys.finish("acme", "a", bytes);
  const released = keys.release("acme", "b", bytes);
  expect(questions.map(({ call }) => call)).toEqual([
    ["begin", "acme", "a", bytes, "01"],
    ["begin", "acme", "b", bytes, "02"],
    ["finish", "acme", "a", bytes],
    ["release", "acme", "b", bytes],
  ]);
  const [one, two, three, four] = questions.map(({ n }) => n);
  keys.take({ n: two ?? 0, beginning: { kind: "running" } });
  keys.take({ n: one ?? 0, beginning: { kind: "new", uid: "01" } });
  keys.take({ n: three ?? 0 });
  keys.take({ n: four ?? 0 });
  expect([await first, await second]).toEqual([{ kind: "new", uid: "01" }, { kind: "running" }]);
  await Promise.all([finished, released]);
});

test("a failure is one here, too", async () => {
  const { questions, keys } = asked();
  const begun = keys.begin("acme", "a", new Uint8Array(), "01");
  keys.take({ n: questions[0]?.n ?? 0, error: crossing(new IdempotencyUnavailable("no room")) });
  await expect(begun).rejects.toThrow("no room");
});
