/** What every place for events does, with the sink before it. */
import { afterEach, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { BatchingSink, type EventOutlet } from "#lib/events/batching-sink";
import { silentLog } from "#lib/telemetry/log";
import { eventKinds, type ReadEvent } from "#proto/event-record";
import { countedEvents, eventOf, eventsOf, tell } from "../support/events/event-records.ts";

export interface EventWorld {
  readonly outlet: EventOutlet;
  /** The first so many that are there for a consumer who comes only now. */
  readonly read: (count: number) => Promise<readonly ReadEvent[]>;
  /** Removes it; the outlet was closed before. */
  readonly remove: () => Promise<void>;
}

export function eventSinkConformance(open: () => Promise<EventWorld>): void {
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ending.splice(0)) await end();
  });

  async function bench(waitingMax?: number) {
    const world = await open();
    const { counted, metrics } = countedEvents();
    const common = { kinds: eventKinds, node: "a", clock: systemClock, log: silentLog, metrics };
    const limit = waitingMax === undefined ? {} : { waitingMax };
    const sink = new BatchingSink({ ...common, ...limit, outlet: world.outlet });
    ending.push(async () => {
      await sink.close();
      await world.remove();
    });
    return { ...world, sink, counted };
  }

  const numbers = (events: readonly ReadEvent[]) => events.map(({ attempt }) => attempt);

  test("what was told is there, all of it and in order", async () => {
    const { sink, read, counted } = await bench();
    for (const event of eventsOf(1_234)) tell(sink, event);
    await sink.flush();
    expect(numbers(await read(1_234))).toEqual(Array.from({ length: 1_234 }, (_, n) => n));
    expect(counted).toEqual({ written: 1_234, dropped: 0 });
  });

  test("a record is read as it was told, whatever stands in it", async () => {
    const { sink, read } = await bench();
    const text = `a\r\n\u2028"\\ü€😀${"x".repeat(2_000)}`;
    const event = { ...eventOf(1, "bounce"), text, tenant: "acme", code: 550 };
    tell(sink, event);
    await sink.flush();
    expect(await read(1)).toEqual([{ ...event }]);
  });

  test("each kind is in order, and none is missing", async () => {
    const { sink, read } = await bench();
    const events = Array.from({ length: 900 }, (_, n) => {
      return eventOf(n, (["reception", "delivery", "bounce"] as const)[n % 3]);
    });
    tell(sink, ...events);
    await sink.flush();
    const found = await read(900);
    for (const kind of ["reception", "delivery", "bounce"] as const) {
      const expected = events.filter((event) => event.kind === kind).map(({ attempt }) => attempt);
      expect(numbers(found.filter((event) => event.kind === kind))).toEqual(expected);
    }
  });

  test("whoever never reads holds up nobody", async () => {
    const { sink, counted } = await bench();
    for (let round = 0; round < 10; round++) {
      for (const event of eventsOf(5_000)) tell(sink, event);
      await sink.flush();
    }
    expect(counted).toEqual({ written: 50_000, dropped: 0 });
  });

  test("more than there is room for is dropped from the oldest on, and that is told", async () => {
    const { sink, read, counted } = await bench(100);
    for (const event of eventsOf(1_000)) tell(sink, event);
    await sink.flush();
    const found = await read(101);
    const dropped = found.filter(({ kind }) => kind === "dropped");
    expect(dropped.map((event) => event.dropped)).toEqual([900]);
    const kept = numbers(found.filter(({ kind }) => kind !== "dropped"));
    expect(kept).toEqual(Array.from({ length: 100 }, (_, n) => 900 + n));
    expect(counted.dropped).toBe(900);
  });

  test("closing writes what waits", async () => {
    const { sink, read } = await bench();
    tell(sink, eventOf(7));
    await sink.close();
    expect(numbers(await read(1))).toEqual([7]);
  });
}
