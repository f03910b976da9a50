/** What every inhabitant of Intake and Stream must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Intake } from "#lib/stream/intake";
import { IntakeFull } from "#lib/stream/intake";
import type { Journal } from "#lib/stream/journal";
import type { LogEntry, Stream } from "#lib/stream/stream";
import { decodeUnit } from "#proto/unit";
import { failureOf } from "../support/failure.ts";
import { incarnation, shard } from "../support/records.ts";
import {
  contentOf,
  destinationIn,
  epoch,
  eventOf,
  newMessage,
  newQueueId,
  pull,
  pullAll,
  shards,
  uidsOf,
} from "./fixtures.ts";

export interface LogWorld {
  readonly intake: Intake;
  readonly stream: Stream;
  readonly journal: Journal;
  /** Ends this process's part and opens the same log again; absent where nothing outlives it. */
  readonly reopen?: () => Promise<LogWorld>;
  readonly close: () => Promise<void>;
}

/** `bytesMax`: how much the log may hold, about. */
export type OpenLog = (options: { readonly bytesMax?: number }) => Promise<LogWorld>;

const zero = shard(0);
const writer = incarnation("w1/1");

export function intakeStreamSuite(name: string, open: OpenLog): void {
  describe(`${name}: Intake and Stream`, () => {
    let world: LogWorld;
    beforeEach(async () => {
      world = await open({});
    });
    afterEach(() => world.close());

    acceptance(() => world);
    reading(() => world);
    purging(() => world);

    test("what was accepted is there when the log is opened again", async () => {
      const messages = Array.from({ length: 20 }, () => newMessage());
      await Promise.all(messages.map((m) => world.intake.accept(m)));
      if (world.reopen === undefined) return; // Skipped: nothing outlives a memory log.
      world = await world.reopen();
      const entries = await pullAll(world.stream.open(zero, 0), messages.length);
      expect(uidsOf(entries).sort()).toEqual(messages.map((m) => `${m.id}.0`).sort());
      const [first] = entries;
      expect(first && String(await contentOf(world.stream, first))).toContain("Subject: ");
    });
  });
  fullness(name, open);
}

function acceptance(world: () => LogWorld): void {
  test("an accepted message can be read, byte by byte", async () => {
    const { intake, stream } = world();
    const content = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 0xff);
    const message = newMessage({ content });
    await intake.accept(message);
    const [entry] = await pullAll(stream.open(zero, 0), 1);
    expect(entry && decodeUnit(entry.record)).toEqual(message.units[0]);
    expect(entry && (await contentOf(stream, entry)).equals(content)).toBe(true);
  });

  test("the same id again is the same message", async () => {
    const { intake, stream } = world();
    const message = newMessage();
    await Promise.all([intake.accept(message), intake.accept(message), intake.accept(message)]);
    await intake.accept(message);
    const last = newMessage();
    await intake.accept(last);
    const entries = await pullAll(stream.open(zero, 0), 2);
    expect(uidsOf(entries)).toEqual([`${message.id}.0`, `${last.id}.0`]);
  });

  test("a repeatable message is remembered after it was settled and purged", async () => {
    const { intake, stream, journal } = world();
    const message = newMessage({ isRepeatable: true });
    await intake.accept(message);
    const reader = stream.open(zero, 0);
    const { entries, through } = await pull(reader);
    const events = message.units.map((u, i) => eventOf(u, { sequence: entries[i]?.sequence ?? 0 }));
    await journal.append(writer, events);
    await stream.purge(zero, through);
    await intake.accept(message);
    const last = newMessage();
    await intake.accept(last);
    expect(uidsOf(await pullAll(reader, 1))).toEqual([`${last.id}.0`]);
  });

  test("each unit of a message stands in the shard of its destination", async () => {
    const { intake, stream } = world();
    const to = [0, 1, 2, 3].map((n) => destinationIn(n));
    const message = newMessage({ to });
    await intake.accept(message);
    for (let n = 0; n < shards; n++) {
      const entries = await pullAll(stream.open(shard(n), 0), 1);
      expect(uidsOf(entries)).toEqual([`${message.id}.${n}`]);
      const [entry] = entries;
      const content = Buffer.from(message.content);
      expect(entry && (await contentOf(stream, entry)).equals(content)).toBe(true);
    }
  });

  test("that they are not to be sent yet goes with all of them", async () => {
    const { intake, stream } = world();
    const message = newMessage({ to: [0, 1, 2, 3].map((n) => destinationIn(n)) });
    const notBefore = epoch + 86_400_000;
    await intake.accept({ ...message, units: message.units.map((u) => ({ ...u, notBefore })) });
    for (let n = 0; n < shards; n++) {
      const [entry] = await pullAll(stream.open(shard(n), 0), 1);
      expect(entry && decodeUnit(entry.record).notBefore).toBe(notBefore);
    }
  });

  test("hundreds at once are each there once, in an order", async () => {
    const { intake, stream } = world();
    const messages = Array.from({ length: 300 }, () => newMessage());
    await Promise.all(messages.map((m) => intake.accept(m)));
    const entries = await pullAll(stream.open(zero, 0), messages.length);
    expect(new Set(uidsOf(entries)).size).toBe(messages.length);
    const sequences = entries.map((e) => e.sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(new Set(sequences).size).toBe(messages.length);
  });

  test("a large message comes out as it went in", async () => {
    const { intake, stream } = world();
    const content = new Uint8Array(3 * 1024 * 1024).fill(65);
    content[1_234_567] = 66;
    await intake.accept(newMessage({ content }));
    const [entry] = await pullAll(stream.open(zero, 0), 1);
    expect(entry && (await contentOf(stream, entry)).equals(content)).toBe(true);
  });
}

function reading(world: () => LogWorld): void {
  test("messages accepted one after the other are read in that order", async () => {
    const { intake, stream } = world();
    const messages = Array.from({ length: 30 }, () => newMessage());
    for (const message of messages) await intake.accept(message);
    const entries = await pullAll(stream.open(zero, 0), 30);
    expect(uidsOf(entries)).toEqual(messages.map((m) => `${m.id}.0`));
  });

  test("a reader waits for what comes", async () => {
    const { intake, stream } = world();
    const reader = stream.open(zero, 0);
    const pulling = pull(reader);
    const message = newMessage();
    await intake.accept(message);
    expect(uidsOf((await pulling).entries)).toEqual([`${message.id}.0`]);
  });

  test("a pull that is aborted rejects with the reason, and the reader goes on", async () => {
    const { intake, stream } = world();
    const reader = stream.open(zero, 0);
    const stop = new AbortController();
    const pulling = reader.pull({ countMax: 1, bytesMax: 1 }, stop.signal);
    stop.abort(new Error("enough"));
    expect(String(await failureOf(pulling))).toContain("enough");
    const message = newMessage();
    await intake.accept(message);
    expect(uidsOf(await pullAll(reader, 1))).toEqual([`${message.id}.0`]);
  });

  test("a pull keeps to its limits, but gives at least one", async () => {
    const { intake, stream } = world();
    for (let i = 0; i < 10; i++) await intake.accept(newMessage());
    const reader = stream.open(zero, 0);
    const few = await pull(reader, { countMax: 3, bytesMax: 1_000_000 });
    expect(few.entries.length).toBeGreaterThan(0);
    expect(few.entries.length).toBeLessThanOrEqual(3);
    expect((await pull(reader, { countMax: 100, bytesMax: 1 })).entries).toHaveLength(1);
  });

  test("a reader gives each entry once, and `through` is where the next one starts", async () => {
    const { intake, stream } = world();
    const messages = Array.from({ length: 12 }, () => newMessage());
    for (const message of messages) await intake.accept(message);
    const first = await pull(stream.open(zero, 0), { countMax: 5, bytesMax: 1_000_000 });
    expect(first.through).toBeGreaterThanOrEqual(first.entries.at(-1)?.sequence ?? 0);
    const rest = await pullAll(stream.open(zero, first.through), 12 - first.entries.length);
    const uids = uidsOf([...first.entries, ...rest]);
    expect(uids).toEqual(messages.map((m) => `${m.id}.0`));
  });

  test("`end` is the last sequence, and 0 where nothing ever was", async () => {
    const { intake, stream } = world();
    expect(await stream.end(zero)).toBe(0);
    await intake.accept(newMessage());
    const { entries } = await pull(stream.open(zero, 0));
    expect(await stream.end(zero)).toBe(entries[0]?.sequence ?? -1);
    expect(await stream.end(shard(1))).toBe(0);
  });

  test("content of a message that is not there is undefined", async () => {
    expect(await world().stream.content(newQueueId())).toBeUndefined();
  });
}

function purging(world: () => LogWorld): void {
  test("what is purged is not read any more, and `end` stays", async () => {
    const { intake, stream } = world();
    const messages = Array.from({ length: 10 }, () => newMessage());
    for (const message of messages) await intake.accept(message);
    const entries = await pullAll(stream.open(zero, 0), 10);
    const end = await stream.end(zero);
    await stream.purge(zero, entries[5]?.sequence ?? 0);
    await stream.purge(zero, entries[5]?.sequence ?? 0);
    await stream.purge(zero, entries[2]?.sequence ?? 0);
    const left = await pullAll(stream.open(zero, 0), 4);
    expect(uidsOf(left)).toEqual(messages.slice(6).map((m) => `${m.id}.0`));
    expect(await stream.end(zero)).toBe(end);
  });

  test("sequences go on rising after everything was purged", async () => {
    const { intake, stream } = world();
    await intake.accept(newMessage());
    const reader = stream.open(zero, 0);
    const { through } = await pull(reader);
    await stream.purge(zero, through);
    const message = newMessage();
    await intake.accept(message);
    const [entry] = await pullAll(reader, 1);
    expect(entry?.uid as string).toBe(`${message.id}.0`);
    expect(entry?.sequence).toBeGreaterThan(through);
  });

  test("one shard's floor does not touch another's", async () => {
    const { intake, stream } = world();
    const message = newMessage({ to: [destinationIn(0), destinationIn(1)] });
    await intake.accept(message);
    await pullAll(stream.open(zero, 0), 1);
    await stream.purge(zero, await stream.end(zero));
    const [entry] = await pullAll(stream.open(shard(1), 0), 1);
    expect(entry?.uid as string).toBe(`${message.id}.1`);
    expect(entry && (await contentOf(stream, entry)).equals(message.content)).toBe(true);
  });

  test("content goes with the last entry of its message", async () => {
    const { intake, stream } = world();
    const message = newMessage({ to: [destinationIn(0), destinationIn(1)] });
    await intake.accept(message);
    // Where workers split messages, its units come to their shards later than it is accepted.
    for (const at of [zero, shard(1)]) await pullAll(stream.open(at, 0), 1);
    await stream.purge(zero, await stream.end(zero));
    await stream.purge(shard(1), await stream.end(shard(1)));
    expect(await stream.content(message.id)).toBeUndefined();
  });
}

function fullness(name: string, open: OpenLog): void {
  describe(`${name}: Intake without room`, () => {
    const content = new Uint8Array(20_000).fill(65);

    async function fill(world: LogWorld): Promise<string[]> {
      const accepted: string[] = [];
      for (let i = 0; i < 200; i++) {
        const message = newMessage({ content, to: [destinationIn(0), destinationIn(0, 1)] });
        try {
          await world.intake.accept(message);
          accepted.push(...message.units.map((u) => u.uid));
        } catch (error) {
          expect(error).toBeInstanceOf(IntakeFull);
          return accepted;
        }
      }
      throw new Error("it never became full");
    }

    /** As an owner does: purged behind what was read, for there may be more than a log holds at once. */
    async function drain(world: LogWorld, count: number): Promise<LogEntry[]> {
      const reader = world.stream.open(zero, 0);
      const entries: LogEntry[] = [];
      while (entries.length < count) {
        const pulled = await pull(reader);
        entries.push(...pulled.entries);
        await world.stream.purge(zero, pulled.through);
      }
      reader.close();
      return entries;
    }

    test("nothing of a refused message is kept, and everything of the others", async () => {
      const world = await open({ bytesMax: 500_000 });
      const accepted = await fill(world);
      expect(accepted.length).toBeGreaterThan(0);
      const entries = await drain(world, accepted.length);
      expect(uidsOf(entries).sort()).toEqual(accepted.sort());
      expect(await world.stream.end(zero)).toBe(entries.at(-1)?.sequence ?? -1);
      await world.close();
    });

    test("it accepts again when room was made", async () => {
      const world = await open({ bytesMax: 500_000 });
      await drain(world, (await fill(world)).length);
      const message = newMessage({ content });
      await world.intake.accept(message);
      expect(uidsOf(await drain(world, 1))).toEqual([`${message.id}.0`]);
      await world.close();
    });
  });
}
