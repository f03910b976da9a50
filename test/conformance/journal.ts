/** What every inhabitant of Journal must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { UnitEvent } from "#lib/queue/event";
import { JournalSealed } from "#lib/stream/journal";
import { failureOf } from "../support/failure.ts";
import { incarnation, shard } from "../support/records.ts";
import {
  collect,
  destinationIn,
  epoch,
  eventOf,
  newMessage,
  newQueueId,
  newUnit,
  pull,
  pullAll,
} from "./fixtures.ts";
import type { LogWorld, OpenLog } from "./intake-stream.ts";

const zero = shard(0);
const one = incarnation("w1/1");
const two = incarnation("w2/1");

export function journalSuite(name: string, open: OpenLog): void {
  describe(`${name}: Journal`, () => {
    let world: LogWorld;
    beforeEach(async () => {
      world = await open({});
    });
    afterEach(() => world.close());

    appending(() => world);
    sealing(() => world);
    tracing(() => world);
    settling(
      () => world,
      (next) => {
        world = next;
      },
    );
  });
}

/** Events of `count` units in shard 0. */
function someEvents(count: number): UnitEvent[] {
  return Array.from({ length: count }, () => eventOf(newUnit()));
}

function appending(world: () => LogWorld): void {
  test("positions rise, and a replay gives the events back in order", async () => {
    const { journal } = world();
    const events = someEvents(6);
    const first = await journal.append(one, events.slice(0, 2));
    const second = await journal.append(one, events.slice(2, 5));
    const third = await journal.append(one, events.slice(5));
    expect(first).toBeGreaterThanOrEqual(1);
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
    expect(await collect(journal.replay(one, zero, 0))).toEqual(events);
  });

  test("a replay gives only what is behind the position", async () => {
    const { journal } = world();
    const events = someEvents(4);
    await journal.append(one, events.slice(0, 2));
    const position = await journal.append(one, events.slice(2, 3));
    const last = await journal.append(one, events.slice(3));
    expect(await collect(journal.replay(one, zero, position))).toEqual(events.slice(3));
    expect(await collect(journal.replay(one, zero, last))).toEqual([]);
  });

  test("a replay gives only the shard's events", async () => {
    const { journal } = world();
    const mine = eventOf(newUnit({ destination: destinationIn(1) }));
    const others = someEvents(3);
    await journal.append(
      one,
      [others[0], mine, others[1]].flatMap((e) => e ?? []),
    );
    await journal.append(one, others.slice(2));
    expect(await collect(journal.replay(one, shard(1), 0))).toEqual([mine]);
    expect(await collect(journal.replay(one, shard(2), 0))).toEqual([]);
  });

  test("writers have journals of their own", async () => {
    const { journal } = world();
    const [a, b, c] = [someEvents(1), someEvents(1), someEvents(1)];
    await journal.append(one, a);
    await journal.append(two, b);
    await journal.append(one, c);
    expect(await collect(journal.replay(one, zero, 0))).toEqual([...a, ...c]);
    expect(await collect(journal.replay(two, zero, 0))).toEqual(b);
    expect(await collect(journal.replay(incarnation("w1/2"), zero, 0))).toEqual([]);
  });

  test("a record carries hundreds of events with all their fields", async () => {
    const { journal } = world();
    const events = someEvents(400).map((event, i) => ({
      ...event,
      at: epoch + i,
      sequence: i,
      remote: "mx1.example.com[192.0.2.1]",
      tls: "TLSv1.3",
      durationMs: 1.25,
      nextAttemptAt: epoch + 300_000,
    }));
    await journal.append(one, events);
    expect(await collect(journal.replay(one, zero, 0))).toEqual(events);
  });
}

function sealing(world: () => LogWorld): void {
  test("a sealed journal refuses what its writer still tries, and nothing of it counts", async () => {
    const { journal } = world();
    const events = someEvents(3);
    const position = await journal.append(one, events.slice(0, 2));
    expect(await journal.seal(one)).toBeGreaterThanOrEqual(position);
    expect(await failureOf(journal.append(one, events.slice(2)))).toBeInstanceOf(JournalSealed);
    expect(await collect(journal.replay(one, zero, 0))).toEqual(events.slice(0, 2));
  });

  test("to seal again changes nothing", async () => {
    const { journal } = world();
    await journal.append(one, someEvents(1));
    const position = await journal.seal(one);
    expect(await journal.seal(one)).toBe(position);
    expect(await failureOf(journal.append(one, someEvents(1)))).toBeInstanceOf(JournalSealed);
  });

  test("a journal that was never written can be sealed", async () => {
    const { journal } = world();
    await journal.seal(one);
    expect(await failureOf(journal.append(one, someEvents(1)))).toBeInstanceOf(JournalSealed);
    expect(await collect(journal.replay(one, zero, 0))).toEqual([]);
  });

  test("a seal ends one writer's journal only", async () => {
    const { journal } = world();
    await journal.seal(one);
    await journal.append(two, someEvents(1));
    await journal.append(incarnation("w1/2"), someEvents(1));
    expect(await collect(journal.replay(two, zero, 0))).toHaveLength(1);
  });
}

function tracing(world: () => LogWorld): void {
  test("a trace finds the events of a message over all journals, oldest first", async () => {
    const { journal } = world();
    const id = newQueueId();
    const event = (n: number, at: number) =>
      eventOf(newUnit({ uid: `${id}.${n}` as UnitEvent["uid"] }), { at });
    const [a, b, c] = [event(0, epoch + 1), event(1, epoch + 2), event(0, epoch + 3)];
    await journal.append(one, [...someEvents(2), a, ...someEvents(2)]);
    await journal.append(two, [b]);
    await journal.append(one, [...someEvents(1), c]);
    expect(await journal.trace(id, 10)).toEqual([a, b, c]);
    expect(await journal.trace(a.uid, 10)).toEqual([a, c]);
    expect(await journal.trace(id, 2)).toEqual([a, b]);
    expect(await journal.trace(newQueueId(), 10)).toEqual([]);
  });
}

function settling(world: () => LogWorld, replace: (next: LogWorld) => void): void {
  /** What a new owner takes up: the log without what the journal says is settled. */
  async function pending(count: number): Promise<string[]> {
    const { stream, journal, intake } = world();
    const sentinel = newMessage();
    await intake.accept(sentinel);
    const settled = new Set((await collect(journal.replay(one, zero, 0))).map((e) => e.uid));
    const reader = stream.open(zero, 0);
    const found: string[] = [];
    while (found.at(-1) !== `${sentinel.id}.0`) {
      for (const { uid } of (await pull(reader)).entries) if (!settled.has(uid)) found.push(uid);
    }
    expect(found).toHaveLength(count + 1);
    return found.slice(0, -1);
  }

  async function settleEven(): Promise<string[]> {
    const { intake, stream, journal } = world();
    const messages = Array.from({ length: 10 }, () => newMessage());
    for (const message of messages) await intake.accept(message);
    const entries = await pullAll(stream.open(zero, 0), 10);
    const events = messages.flatMap((m, i) =>
      m.units.map((u) => eventOf(u, { sequence: entries[i]?.sequence ?? 0 })),
    );
    const even = events.filter((_, i) => i % 2 === 0);
    await journal.append(one, even);
    await journal.append(one, even.slice(0, 2)); // An answer was lost: the same again.
    return events.filter((_, i) => i % 2 === 1).map((e) => e.uid);
  }

  test("the log without the journal is what is left to do", async () => {
    const odd = await settleEven();
    expect(await pending(5)).toEqual(odd);
  });

  test("what was settled stays settled when the log is opened again", async () => {
    const odd = await settleEven();
    const { reopen } = world();
    if (reopen === undefined) return; // Skipped: nothing outlives a memory log.
    replace(await reopen());
    await world().journal.seal(one);
    expect(await pending(5)).toEqual(odd);
    expect(await failureOf(world().journal.append(one, []))).toBeInstanceOf(JournalSealed);
  });
}
