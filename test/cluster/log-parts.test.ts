/** What only the cluster's log has: lanes, splits, large content apart, holes, consumers that go. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { fanOut } from "#lib/nats/splitting/fan-out";
import type { Message } from "#lib/queue/unit";
import type { Log, LogFields } from "#lib/telemetry/log";
import { silentLog } from "#lib/telemetry/log";
import { encodeFrame } from "#proto/frame";
import { encodeSplit } from "#proto/split";
import { decodeUnit, encodeUnit } from "#proto/unit";
import {
  type ClusterLog,
  type TemporaryCluster,
  temporaryCluster,
} from "../conformance/cluster.ts";
import {
  collect,
  contentOf,
  destinationIn,
  eventOf,
  newMessage,
  newUnit,
  pull,
  pullAll,
  shards,
  uidsOf,
} from "../conformance/fixtures.ts";
import { incarnation, shard } from "../support/records.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const zero = shard(0);
const one = shard(1);

describe.skipIf(noNats !== undefined)(titled("the cluster's log", noNats), () => {
  let cluster: TemporaryCluster;
  let log: ClusterLog;
  let manager: JetStreamManager;
  let events: Map<string, PromiseWithResolvers<LogFields>>;

  /** Resolves with what was said with an event. */
  function told(event: string): PromiseWithResolvers<LogFields> {
    const telling = events.get(event) ?? Promise.withResolvers<LogFields>();
    events.set(event, telling);
    return telling;
  }

  const telling: Log = {
    ...silentLog,
    warn: (event, fields = {}) => told(event).resolve(fields),
    error: (event, fields = {}) => told(event).resolve(fields),
  };

  beforeEach(async () => {
    events = new Map();
    cluster = await temporaryCluster({ log: telling });
    log = await cluster.open();
    manager = await jetstreamManager(log.links.publish);
  });
  afterEach(() => cluster?.close());

  function highMessage(): Message {
    const message = newMessage();
    return { ...message, units: message.units.map((unit) => ({ ...unit, lane: "h" as const })) };
  }

  async function acceptAll(messages: readonly Message[]): Promise<readonly Message[]> {
    await Promise.all(messages.map((message) => log.intake.accept(message)));
    return messages;
  }

  describe("two lanes", () => {
    test("high priority overtakes what waits, and each is given once", async () => {
      await acceptAll(Array.from({ length: 50 }, () => newMessage()));
      const reader = log.stream.open(zero, 0);
      const first = await pull(reader, { countMax: 10, bytesMax: 1_000_000 });
      expect(first.through).toBe(10);
      const high = await acceptAll([highMessage(), highMessage()]);
      // The other lane's messages come by themselves; then they stand in front.
      const found: number[] = [];
      let through = first.through;
      while (found.length < 42) {
        const pulled = await pull(reader, { countMax: 4, bytesMax: 1_000_000 });
        found.push(...pulled.entries.map((entry) => entry.sequence));
        if (found.includes(51) && !found.includes(50)) expect(pulled.through).toBeLessThan(50);
        through = pulled.through;
      }
      expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 42 }, (_, i) => i + 11));
      expect(through).toBe(52);
      expect(high).toHaveLength(2);
    });

    test("a flood of high priority leaves the others their share", async () => {
      await acceptAll([newMessage()]);
      await acceptAll(Array.from({ length: 30 }, highMessage));
      const reader = log.stream.open(zero, 0);
      const found: number[] = [];
      while (found.length < 31) {
        const { entries } = await pull(reader, { countMax: 8, bytesMax: 1_000_000 });
        found.push(...entries.map((entry) => entry.sequence));
      }
      expect(new Set(found).size).toBe(31);
    });
  });

  describe("a message to several destinations", () => {
    test("a fan-out that broke off is finished, and no unit is there twice", async () => {
      const to = Array.from({ length: 8 }, (_, n) => destinationIn(n % shards, n));
      const message = newMessage({ to });
      await log.intake.accept(message);
      // As a worker that died behind the third unit: the others are not there, nothing is settled.
      const split = {
        id: message.id,
        data: encodeFrame({
          record: encodeSplit({ units: message.units.map(encodeUnit) }),
          content: message.content,
        }),
      };
      const { letters } = fanOut(split, { names: cluster.names, shards });
      for (const letter of letters.slice(0, 3)) {
        await manager.jetstream().publish(letter.subject, letter.data, { msgID: letter.id });
      }
      log.splitFeed.start();
      for (let n = 0; n < shards; n++) {
        const entries = await pullAll(log.stream.open(shard(n), 0), 2);
        expect(uidsOf(entries).sort()).toEqual([
          `${message.id}.${n}`,
          `${message.id}.${n + shards}`,
        ]);
        expect(await log.stream.end(shard(n))).toBe(2);
        for (const entry of entries) {
          expect(await contentOf(log.stream, entry)).toEqual(Buffer.from(message.content));
        }
      }
    });

    test("workers share what is to be fanned out, and one that stops leaves nothing behind", async () => {
      const other = await cluster.open();
      log.splitFeed.start();
      other.splitFeed.start();
      const to = [destinationIn(0), destinationIn(1)];
      const messages = Array.from({ length: 200 }, () => newMessage({ to }));
      const accepting = acceptAll(messages);
      await log.splitFeed.stop();
      await accepting;
      for (const n of [zero, one]) {
        const entries = await pullAll(log.stream.open(n, 0), messages.length);
        expect(uidsOf(entries).sort()).toEqual(messages.map((m) => `${m.id}.${n}`).sort());
      }
    });

    test("what nobody can read is sent on to be parked, whole, and the others flow", async () => {
      const rubbish = new Uint8Array(100).fill(7);
      const { splitSubject } = cluster.names;
      await manager.jetstream().publish(splitSubject, rubbish, { msgID: "rubbish" });
      const message = newMessage({ to: [destinationIn(0), destinationIn(1)] });
      const [unit] = message.units;
      if (unit === undefined) throw new Error("a message has a unit");
      const record = encodeSplit({ units: [encodeUnit(unit), rubbish] });
      const half = encodeFrame({ record, content: message.content });
      await manager.jetstream().publish(splitSubject, half, { msgID: message.id });
      log.splitFeed.start();
      await told("split_undecodable").promise;
      const signal = new AbortController();
      const records: Uint8Array[] = [];
      const reading = Array.from({ length: shards }, async (_, n) => {
        const reader = log.stream.open(shard(n), 0);
        for (;;) {
          const { entries } = await reader.pull({ countMax: 9, bytesMax: 9_999 }, signal.signal);
          records.push(...entries.map((entry) => entry.record));
          if (records.length === 3) signal.abort();
        }
      });
      await Promise.allSettled(reading);
      expect(records.filter((found) => Buffer.from(found).equals(rubbish))).toHaveLength(2);
      const whole = records.filter((found) => !Buffer.from(found).equals(rubbish));
      expect(whole.map((found) => decodeUnit(found).uid)).toEqual([unit.uid]);
      expect(log.figures().splits.poison).toBe(2);
    });
  });

  describe("large content", () => {
    const content = new Uint8Array(2_500_000).fill(65);

    async function chunksLeft(): Promise<number> {
      return (await manager.streams.info(cluster.names.bodyStream)).state.messages;
    }

    test("goes with its only unit", async () => {
      const message = newMessage({ content });
      await log.intake.accept(message);
      expect(await chunksLeft()).toBe(5);
      const { entries, through } = await pull(log.stream.open(zero, 0));
      expect(entries[0]?.content).toBeUndefined();
      await log.stream.purge(zero, through - 1);
      expect(await chunksLeft()).toBe(5);
      await log.stream.purge(zero, through);
      expect(await chunksLeft()).toBe(0);
      expect(await log.stream.content(message.id)).toBeUndefined();
    });

    test("of a parked unit stays behind the floor", async () => {
      await log.intake.accept(newMessage({ content }));
      await log.intake.accept(newMessage({ content }));
      const entries = await pullAll(log.stream.open(zero, 0), 2);
      log.stream.keepContent(zero, entries[0]?.sequence ?? 0);
      await log.stream.purge(zero, entries[1]?.sequence ?? 0);
      expect(await log.stream.end(zero)).toBe(2);
      expect(await chunksLeft()).toBe(5);
    });

    test("stays until the last of its units is settled, whoever settles it", async () => {
      const message = newMessage({ content, to: [destinationIn(0), destinationIn(1)] });
      const other = await cluster.open();
      log.splitFeed.start();
      await log.intake.accept(message);
      const mine = await pull(log.stream.open(zero, 0));
      const theirs = await pull(other.stream.open(one, 0));
      await log.stream.purge(zero, mine.through);
      await log.stream.purge(zero, mine.through);
      expect(await other.stream.content(message.id)).toEqual(content);
      await other.stream.purge(one, theirs.through);
      expect(await other.stream.content(message.id)).toBeUndefined();
      expect(await chunksLeft()).toBe(0);
    });

    test("that is multiplied by many units stands apart, too", async () => {
      const to = Array.from({ length: 10 }, (_, n) => destinationIn(0, n));
      const message = newMessage({ content: new Uint8Array(600_000).fill(65), to });
      log.splitFeed.start();
      await log.intake.accept(message);
      const entries = await pullAll(log.stream.open(zero, 0), 10);
      expect(entries.every((entry) => entry.content === undefined)).toBe(true);
      expect(await log.stream.content(message.id)).toEqual(message.content);
    });

    test("of which a chunk is gone is not there", async () => {
      const message = newMessage({ content });
      await log.intake.accept(message);
      const filter = cluster.names.chunkSubject(message.id, 3);
      await manager.streams.purge(cluster.names.bodyStream, { filter });
      expect(await log.stream.content(message.id)).toBeUndefined();
    });

    test("a message of no content has it with it", async () => {
      await log.intake.accept(newMessage({ content: new Uint8Array() }));
      const { entries } = await pull(log.stream.open(zero, 0));
      expect(entries[0]?.content).toEqual(new Uint8Array());
    });
  });

  test("outcomes beyond what fits into a message are recorded in several", async () => {
    const text = "x".repeat(500);
    const events = Array.from({ length: 1_000 }, () => {
      const event = eventOf(newUnit());
      const [recipient] = event.recipients;
      if (recipient === undefined) throw new Error("an event has a recipient");
      return { ...event, recipients: Array(10).fill({ ...recipient, text }) };
    });
    const writer = incarnation("w1/1");
    const position = await log.journal.append(writer, events);
    expect(position).toBeGreaterThan(2);
    expect(await log.journal.append(writer, events.slice(0, 1))).toBe(position + 1);
    expect(await collect(log.journal.replay(writer, zero, 0))).toEqual([
      ...events,
      ...events.slice(0, 1),
    ]);
  });

  test("what is no message of ours is an entry that can be parked", async () => {
    const subject = cluster.names.laneFilter(zero, "n").replace(">", "example");
    const rubbish = new Uint8Array(10).fill(255);
    await manager.jetstream().publish(subject, rubbish);
    await log.intake.accept(newMessage());
    const entries = await pullAll(log.stream.open(zero, 0), 2);
    expect(entries[0]?.record).toEqual(rubbish);
    expect(entries[0]?.uid as string).toBe("00000000000000000000000001.0");
  });

  test("a message that is gone from the middle does not hold the floor", async () => {
    const messages = Array.from({ length: 5 }, (_, n) => newMessage({ to: [destinationIn(0, n)] }));
    for (const message of messages) await log.intake.accept(message);
    const filter = cluster.names.unitSubject(zero, "n", destinationIn(0, 2));
    await manager.streams.purge(cluster.names.shardStream(zero), { filter });
    const reader = log.stream.open(zero, 0);
    const { through } = await pull(reader);
    expect(through).toBe(2);
    expect(await told("log_hole_skipped").promise).toMatchObject({ from: 3, through: 3 });
    await log.intake.accept(newMessage());
    expect((await pull(reader)).through).toBe(6);
    expect(log.figures().logHoles).toBe(1);
  });

  test("a consumer that the server has lost is made again where it was", async () => {
    const before = await acceptAll(Array.from({ length: 400 }, () => newMessage()));
    const reader = log.stream.open(zero, 0);
    const entries = await pullAll(reader, 100);
    const stream = cluster.names.shardStream(zero);
    for await (const { name } of manager.consumers.list(stream)) {
      await manager.consumers.delete(stream, name);
    }
    const after = await acceptAll(Array.from({ length: 400 }, () => newMessage()));
    entries.push(...(await pullAll(reader, 800 - entries.length)));
    const uids = [...before, ...after].map((message) => `${message.id}.0`);
    expect(uidsOf(entries).sort()).toEqual(uids.sort());
    expect(entries.map((entry) => entry.sequence)).toEqual(
      Array.from({ length: 800 }, (_, i) => i + 1),
    );
  });
});
