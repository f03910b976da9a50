import { beforeEach, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { newMessage } from "../../../test/conformance/fixtures.ts";
import { Outbox } from "./outbox.ts";
import type { HandedIn, Told } from "./protocol.ts";

let clock: VirtualClock;
let posted: Told[];
let turn: (() => void)[];
let outbox: Outbox;

beforeEach(() => {
  clock = new VirtualClock();
  posted = [];
  turn = [];
  outbox = new Outbox({
    post: (told) => void posted.push(told),
    endOfTurn: (task) => void turn.push(task),
    clock,
  });
});

function endTurn(): void {
  for (const task of turn.splice(0)) task();
}

const handedIn = (n: number): HandedIn => ({ n, message: newMessage() });
const numbers = () => posted.map((told) => told.handedIn.map(({ n }) => n));

test("what is handed in within one turn goes in one post", () => {
  for (const n of [1, 2, 3]) outbox.handIn(handedIn(n));
  expect(posted).toEqual([]);
  endTurn();
  outbox.handIn(handedIn(4));
  endTurn();
  expect(numbers()).toEqual([[1, 2, 3], [4]]);
});

test("lines and counts go along", async () => {
  outbox.line("a\n");
  outbox.count(["refused", 550]);
  outbox.handIn(handedIn(1));
  outbox.line("b\n");
  endTurn();
  expect(posted).toHaveLength(1);
  expect(posted[0]).toMatchObject({ lines: ["a\n", "b\n"], counted: [["refused", 550]] });
  await clock.advance(10);
  expect(posted).toHaveLength(1);
});

test("without company they go by themselves, once in a millisecond", async () => {
  outbox.line("a\n");
  outbox.line("b\n");
  expect(posted).toEqual([]);
  await clock.advance(1);
  outbox.count(["refused", 451]);
  await clock.advance(1);
  expect(posted).toEqual([
    { handedIn: [], lines: ["a\n", "b\n"], counted: [], events: [], spans: [] },
    { handedIn: [], lines: [], counted: [["refused", 451]], events: [], spans: [] },
  ]);
});

test("a span and a record go by themselves, too, and once", async () => {
  const times = { startedAt: 1, endedAt: 2 };
  outbox.span({ name: "x", kind: "server", self: "", ...times, attributes: {} });
  await clock.advance(1);
  outbox.event(() => ({ v: 1, kind: "reception", eventId: "x", at: "", node: "n" }));
  await clock.advance(1);
  outbox.line("a\n");
  await clock.advance(1);
  const counts = posted.map(({ spans, events, lines }) =>
    [spans, events, lines].map((of) => of.length),
  );
  expect(counts).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

test("a record of an event is made when it goes", async () => {
  let made = 0;
  outbox.event(() => {
    made += 1;
    return { v: 1, kind: "reception", eventId: "x", at: "", node: "n" };
  });
  expect(made).toBe(0);
  await clock.advance(1);
  expect(posted.map(({ events }) => events.length)).toEqual([1]);
  expect(made).toBe(1);
});

test("of the content held only the last figure goes", async () => {
  for (const bytes of [10, 20, 5]) outbox.count(["contentBytesHeld", bytes]);
  await clock.advance(1);
  for (const { counted } of posted) expect(counted).toEqual([["contentBytesHeld", 5]]);
  expect(posted).toHaveLength(1);
});

test("flush() sends what there is, and nothing when there is nothing", () => {
  outbox.flush();
  outbox.line("a\n");
  outbox.handIn(handedIn(1));
  outbox.flush();
  outbox.flush();
  endTurn();
  expect(numbers()).toEqual([[1]]);
});
