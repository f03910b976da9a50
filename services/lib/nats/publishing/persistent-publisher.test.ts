import { expect, test } from "bun:test";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ScriptedWire } from "../../../../test/support/nats/scripted-wire.ts";
import { PersistentPublisher } from "./persistent-publisher.ts";
import { type Answer, idHeader, type Publication } from "./publisher.ts";

const letter = { id: "u.0", subject: "s", stream: "S", data: new Uint8Array(4) };
const stored: Answer = { kind: "stored", stream: "S", sequence: 1, isDuplicate: false };
const unanswered: Answer = { kind: "unanswered", reason: "no answer" };
const nobody: Answer = { kind: "nobody", reason: "no leader" };
const refused = (code: number): Answer => ({ kind: "refused", code, reason: String(code) });

/** Answers in turn; the last one for ever. */
function bench(answers: readonly Answer[]) {
  const [wire, clock] = [new ScriptedWire(), new ManualClock()];
  const published: Publication[] = [];
  const publish = async (publication: Publication) => {
    published.push(publication);
    return answers[Math.min(published.length, answers.length) - 1] ?? nobody;
  };
  const publisher = new PersistentPublisher({ link: wire, clock, publisher: { publish } });
  return { wire, clock, published, publisher };
}

/** Lets time pass until it is known what became of it. */
async function fateOf({ clock, publisher }: ReturnType<typeof bench>) {
  let isKnown = false;
  const fate = publisher.publish(letter).finally(() => {
    isKnown = true;
  });
  while (!isKnown) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    clock.advance(100);
  }
  return fate;
}

test.each([
  ["stored at once", [stored], { kind: "stored" }, 1],
  ["stored when it is tried again", [unanswered, nobody, stored], { kind: "stored" }, 3],
  ["no room", [refused(10_077)], { kind: "full" }, 1],
  ["no room after it was tried elsewhere", [nobody, refused(10_047)], { kind: "full" }, 2],
  [
    "no room, but an earlier try may be there",
    [unanswered, refused(10_077)],
    { kind: "unavailable" },
    2,
  ],
  ["the same id is being stored", [refused(10_158), stored], { kind: "stored" }, 2],
  ["refused for good", [refused(10_060)], { kind: "unavailable" }, 1],
  ["another stream took it", [{ ...stored, stream: "T" }], { kind: "unavailable" }, 1],
] as const)("%s", async (_, answers, fate, tries) => {
  const bed = bench(answers);
  expect(await fateOf(bed)).toMatchObject(fate);
  expect(bed.published).toHaveLength(tries);
  expect(new Set(bed.published.map(({ headers }) => headers?.get(idHeader)))).toEqual(
    new Set(["u.0"]),
  );
});

test("after 30 s of doubt it is given up", async () => {
  const bed = bench([unanswered]);
  expect((await fateOf(bed)).kind).toBe("unavailable");
  expect(bed.clock.monotonic()).toBeGreaterThanOrEqual(30_000);
  expect(bed.clock.monotonic()).toBeLessThan(31_000);
  expect(bed.published.length).toBeGreaterThan(10);
  expect(bed.publisher.retries).toBe(bed.published.length);
});

test("with the connection it goes on at once", async () => {
  const bed = bench([nobody, stored]);
  bed.wire.turn(false);
  const fate = bed.publisher.publish(letter);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(bed.published).toHaveLength(1);
  bed.wire.turn(true);
  expect((await fate).kind).toBe("stored");
  expect(bed.clock.timers).toBe(0);
});
