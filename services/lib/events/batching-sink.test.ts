import { expect, test } from "bun:test";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { eventKinds } from "#proto/event-record";
import {
  countedEvents,
  eventOf,
  eventsOf,
  tell,
} from "../../../test/support/events/event-records.ts";
import { type BatchingOptions, BatchingSink, type EventBatch } from "./batching-sink.ts";
import { MemoryOutlet } from "./memory-outlet.ts";

function bench(options: Partial<BatchingOptions> = {}) {
  const clock = new VirtualClock();
  const outlet = new MemoryOutlet();
  const { counted, metrics } = countedEvents();
  const told: string[] = [];
  const note = (event: string) => void told.push(event);
  const log = { ...silentLog, error: note, info: note };
  const common = { outlet, kinds: eventKinds, node: "a", clock, log, metrics };
  const sink = new BatchingSink({ ...common, ...options });
  const numbers = () => outlet.records.map(({ attempt, dropped }) => attempt ?? `-${dropped}`);
  return { clock, outlet, counted, told, sink, numbers };
}

/** Takes nothing until it is told to. */
class HeldOutlet {
  readonly batches: EventBatch[] = [];
  release: () => void = () => {};

  async write(batch: EventBatch): Promise<void> {
    this.batches.push(batch);
    await new Promise<void>((resolve) => {
      this.release = resolve;
    });
  }

  async close(): Promise<void> {}
}

test("events are gathered for a tenth of a second, and written in order", async () => {
  const { clock, sink, numbers, counted } = bench();
  tell(sink, ...eventsOf(3));
  await clock.advance(99);
  expect(numbers()).toEqual([]);
  await clock.advance(1);
  expect({ numbers: numbers(), ...counted }).toEqual({
    numbers: [0, 1, 2],
    written: 3,
    dropped: 0,
  });
  expect(clock.nextDueAt()).toBeUndefined();
});

test("flush() waits for no company, and leaves no timer", async () => {
  const { clock, sink, numbers } = bench();
  tell(sink, eventOf(1));
  await sink.flush();
  expect(numbers()).toEqual([1]);
  expect(clock.nextDueAt()).toBeUndefined();
});

test("a batch has at most 500; the rest follows at once", async () => {
  const outlet = new HeldOutlet();
  const { sink, clock } = bench({ outlet });
  for (const event of eventsOf(1_200)) tell(sink, event);
  await clock.advance(100);
  for (let n = 0; n < 3; n++) {
    outlet.release();
    await clock.advance(0);
  }
  expect(outlet.batches.map(({ n, records }) => [n, records.length])).toEqual([
    [1, 500],
    [2, 500],
    [3, 200],
  ]);
});

test("what nobody takes is kept up to a limit: then the oldest go, counted and told", async () => {
  const outlet = new HeldOutlet();
  const { sink, clock, counted } = bench({ outlet, waitingMax: 10 });
  tell(sink, eventOf(0));
  await clock.advance(100);
  for (const event of eventsOf(1_000_000)) tell(sink, event);
  expect(sink.waiting).toBe(10);
  expect(counted.dropped).toBe(999_990);
  outlet.release();
  await clock.advance(0);
  const [first, ...others] = outlet.batches[1]?.records ?? [];
  expect(first).toMatchObject({ kind: "dropped", dropped: 999_990, node: "a" });
  expect(others.map(({ attempt }) => attempt)).toEqual(
    Array.from({ length: 10 }, (_, n) => 999_990 + n),
  );
});

test("each telling of what was dropped has an id of its own", async () => {
  const { sink, outlet } = bench({ waitingMax: 1 });
  for (let round = 0; round < 2; round++) {
    for (const event of eventsOf(2)) tell(sink, event);
    await sink.flush();
  }
  const ids = outlet.records.filter(({ kind }) => kind === "dropped").map((e) => e.eventId);
  expect(new Set(ids).size).toBe(2);
});

test("a batch that failed is handed in again, the same; the log tells it once", async () => {
  const { sink, clock, outlet, numbers, counted, told } = bench();
  outlet.failure = new Error("disk full");
  tell(sink, eventOf(1));
  await clock.advance(5_000);
  tell(sink, eventOf(2));
  await clock.advance(5_000);
  expect({ numbers: numbers(), told: [...told] }).toEqual({ numbers: [], told: ["events_wait"] });
  outlet.failure = undefined;
  await clock.advance(1_000);
  expect(numbers()).toEqual([1, 2]);
  expect({ told, ...counted }).toEqual({
    told: ["events_wait", "events_go_on"],
    written: 2,
    dropped: 0,
  });
});

test("a batch keeps its number", async () => {
  const numbers: number[] = [];
  const outlet = {
    async write({ n }: EventBatch) {
      numbers.push(n);
      if (numbers.length < 3) throw new Error("away");
    },
    async close() {},
  };
  const { sink, clock } = bench({ outlet });
  tell(sink, eventOf(1));
  await clock.advance(2_100);
  tell(sink, eventOf(2));
  await clock.advance(100);
  expect(numbers).toEqual([1, 1, 1, 2]);
});

test("close() writes what waits, and what comes later is dropped", async () => {
  const { sink, numbers, counted, clock } = bench();
  tell(sink, eventOf(1));
  await Promise.all([sink.close(), sink.close()]);
  tell(sink, eventOf(2));
  expect({ numbers: numbers(), ...counted }).toEqual({ numbers: [1], written: 1, dropped: 1 });
  expect(clock.nextDueAt()).toBeUndefined();
});

test("close() tries once what fails, and counts the rest as dropped", async () => {
  const { sink, outlet, counted, clock } = bench({ waitingMax: 600 });
  outlet.failure = new Error("disk full");
  for (const event of eventsOf(601)) tell(sink, event);
  await clock.advance(1_500);
  await sink.close();
  expect(counted).toEqual({ written: 0, dropped: 601 });
});

test("close() does not wait for an outlet that never answers", async () => {
  const { sink, clock } = bench({ outlet: new HeldOutlet() });
  tell(sink, eventOf(1));
  let isClosed = false;
  const closed = sink.close().then(() => {
    isClosed = true;
  });
  await clock.advance(1_999);
  expect(isClosed).toBe(false);
  await clock.advance(1);
  await closed;
});

test("only the kinds that are wanted are asked for", async () => {
  const { sink, numbers } = bench({ kinds: ["bounce"] });
  tell(sink, eventOf(1, "bounce"));
  sink.emit("delivery", () => {
    throw new Error("nobody asked for it");
  });
  await sink.flush();
  expect(numbers()).toEqual([1]);
});
