import { beforeEach, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import type { Span } from "../tracing.ts";
import type { Posted } from "./collector.ts";
import { SpanQueue, waitingMax } from "./span-queue.ts";

let clock: VirtualClock;
let posts: number[][];
let answer: Posted | Promise<Posted>;
let counts: { exported: number; dropped: number };
let queue: SpanQueue;

beforeEach(() => {
  clock = new VirtualClock();
  posts = [];
  answer = "taken";
  counts = { exported: 0, dropped: 0 };
  queue = new SpanQueue({
    clock,
    post: async (spans) => {
      posts.push(spans.map(({ startedAt }) => startedAt));
      return answer;
    },
    ended(outcome, spans) {
      counts[outcome] += spans;
    },
  });
});

function add(from: number, to: number): void {
  const self = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (let startedAt = from; startedAt < to; startedAt++) {
    const span: Span = { name: "x", kind: "internal", self, startedAt, endedAt: 0, attributes: {} };
    queue.add(span);
  }
}

test("spans gather for five seconds and go together", async () => {
  add(0, 3);
  await clock.advance(4_000);
  add(3, 5);
  expect(posts).toEqual([]);
  await clock.advance(1_000);
  expect(posts).toEqual([[0, 1, 2, 3, 4]]);
  add(5, 6);
  await clock.advance(5_000);
  expect(posts[1]).toEqual([5]);
  expect(counts).toEqual({ exported: 6, dropped: 0 });
});

test("more go in several posts, in their order", async () => {
  add(0, 1_200);
  await queue.flush();
  expect(posts.map(({ length }) => length)).toEqual([512, 512, 176]);
  expect(posts.flat()).toEqual(Array.from({ length: 1_200 }, (_, i) => i));
});

test("what the collector is too busy for goes again, in its order", async () => {
  answer = "busy";
  add(0, 600);
  await clock.advance(5_000);
  expect(posts.map(({ length }) => length)).toEqual([512]);
  answer = "taken";
  await clock.advance(5_000);
  expect(posts.slice(1).flat()).toEqual(Array.from({ length: 600 }, (_, i) => i));
  expect(counts).toEqual({ exported: 600, dropped: 0 });
});

test("what it refuses is not sent again", async () => {
  answer = "refused";
  add(0, 2);
  await clock.advance(20_000);
  expect(posts).toHaveLength(1);
  expect(counts).toEqual({ exported: 0, dropped: 2 });
});

test("no more wait than memory allows, however long it is away", async () => {
  answer = "busy";
  add(0, waitingMax + 10);
  await clock.advance(5_000);
  add(0, 5);
  expect(counts.dropped).toBe(15);
  answer = "taken";
  await clock.advance(5_000);
  expect(counts.exported).toBe(waitingMax);
});

test("close() sends nothing more, and counts what is lost", async () => {
  add(0, 3);
  queue.close();
  await clock.advance(20_000);
  expect({ posts, counts }).toEqual({ posts: [], counts: { exported: 0, dropped: 3 } });
});

test("close() lets what is under way come to its end, and does not try it again", async () => {
  const late = Promise.withResolvers<Posted>();
  answer = late.promise;
  add(0, 2);
  await clock.advance(5_000);
  add(2, 3);
  queue.close();
  late.resolve("busy");
  add(3, 4);
  await clock.advance(20_000);
  expect({ posts, counts }).toEqual({ posts: [[0, 1]], counts: { exported: 0, dropped: 4 } });
});

test("flush() of nothing leaves what comes later its time to gather", async () => {
  await queue.flush();
  add(0, 2);
  await clock.advance(5_000);
  expect(posts).toEqual([[0, 1]]);
});
