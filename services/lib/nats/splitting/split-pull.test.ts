import { expect, test } from "bun:test";
import { headers } from "@nats-io/transport-node";
import { failureOf } from "../../../../test/support/failure.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ScriptedWire } from "../../../../test/support/nats/scripted-wire.ts";
import type { HandedMessage } from "./handed-message.ts";
import { SplitPull } from "./split-pull.ts";

function bench() {
  const link = new ScriptedWire();
  const clock = new ManualClock();
  const taken: HandedMessage[] = [];
  const take = (message: HandedMessage) => void taken.push(message);
  const pull = new SplitPull({ link, clock }, { stream: "SPLIT", consumer: "split", take });
  /** As an answer to the pull that was made as the nth. */
  const give = (n: number, sequence: number) => {
    const reply = `$JS.ACK.SPLIT.split.1.${sequence}.${sequence}.1795000000000000000.0`;
    link.deliver(link.sent[n]?.reply ?? "", { reply });
  };
  const tell = (n: number, code: number) =>
    link.deliver(link.sent[n]?.reply ?? "", { headers: headers(code, "Why") });
  return { link, clock, taken, pull, give, tell };
}

test("a pull is over when all that was asked for has come", async () => {
  const { link, taken, pull, give } = bench();
  const over = pull.next(2);
  expect(link.sent[0]?.subject).toBe("$JS.API.CONSUMER.MSG.NEXT.SPLIT.split");
  expect(JSON.parse(String(link.sent[0]?.data))).toEqual({ batch: 2, expires: 1e9 });
  give(0, 1);
  give(0, 2);
  await over;
  expect(taken.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

test.each([408, 404])(
  "and when the server says %d, but not what it said of an earlier one",
  async (code) => {
    const { taken, pull, give, tell } = bench();
    const first = pull.next(1);
    give(0, 1);
    await first;
    const second = pull.next(5);
    tell(0, code);
    give(1, 2);
    tell(1, code);
    await second;
    expect(taken).toHaveLength(2);
  },
);

test("what becomes of it is unknown when the server says something else, or nothing", async () => {
  const { clock, pull, tell } = bench();
  const refused = failureOf(pull.next(1));
  tell(0, 409);
  expect(String(await refused)).toContain("the pull ended with 409");
  const unanswered = failureOf(pull.next(1));
  clock.advance(7_000);
  expect(String(await unanswered)).toContain("gone silent");
});

test("and when the connection is lost, or it is closed", async () => {
  const { link, taken, pull, give } = bench();
  const lost = failureOf(pull.next(1));
  link.turn(false);
  expect(String(await lost)).toContain("the connection was lost");
  const closed = failureOf(pull.next(1));
  pull.close();
  expect(String(await closed)).toContain("closed");
  give(1, 1);
  expect(taken).toEqual([]);
});
