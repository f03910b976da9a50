/** The cluster's log on three servers, of which one after the other is killed (DESIGN §8). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { UnitEvent } from "#lib/queue/event";
import { IntakeUnavailable } from "#lib/stream/intake";
import type { Incarnation } from "#lib/stream/journal";
import type { LogEntry } from "#lib/stream/stream";
import { Waiters } from "#lib/stream/waiters";
import {
  type ClusterLog,
  type TemporaryCluster,
  temporaryCluster,
} from "../conformance/cluster.ts";
import {
  collect,
  destinationIn,
  eventOf,
  newMessage,
  newUnit,
  shards,
} from "../conformance/fixtures.ts";
import { incarnation, shard } from "../support/records.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
/** Publishers at once, and messages of each between two kills. */
const clients = 20;
const messagesEach = 25;

describe.skipIf(noNats !== undefined)(titled("three servers", noNats), () => {
  let nats: NatsServers;
  let cluster: TemporaryCluster;
  let edge: ClusterLog;
  let worker: ClusterLog;

  beforeAll(async () => {
    nats = await startNats({ nodes: 3, sync: "always" });
    cluster = await temporaryCluster({ servers: nats.servers, replicas: 3, answerMaxMs: 2_000 });
    [edge, worker] = [await cluster.open(), await cluster.open()];
    worker.splitFeed.start();
  });
  afterAll(async () => {
    await edge?.close();
    await worker?.close();
    await edge?.links.close();
    await worker?.links.close();
    await nats?.stop();
  });

  /** Reads every shard until the signal aborts. */
  function readAll(signal: AbortSignal) {
    const read = new Map<number, LogEntry[]>();
    const through = new Map<number, number>();
    const arrived = new Waiters();
    const reading = Array.from({ length: shards }, async (_, n) => {
      const entries: LogEntry[] = [];
      read.set(n, entries);
      const reader = worker.stream.open(shard(n), 0);
      while (!signal.aborted) {
        const pulled = await reader.pull({ countMax: 50, bytesMax: 1_000_000 }, signal);
        entries.push(...pulled.entries);
        through.set(n, pulled.through);
        arrived.wake();
      }
    });
    return { read, through, arrived, ended: Promise.allSettled(reading) };
  }

  /** As a worker does: the same events again until they are recorded. */
  async function journalAll(writer: Incarnation, signal: AbortSignal): Promise<UnitEvent[]> {
    const events: UnitEvent[] = [];
    while (!signal.aborted) {
      const event = eventOf(newUnit({ destination: destinationIn(0) }));
      const append = () => worker.journal.append(writer, [event]);
      while ((await append().catch(() => 0)) === 0);
      events.push(event);
    }
    return events;
  }

  test("what was accepted is read, and what was appended is replayed, each once, while each of them dies in turn", async () => {
    const accepted = new Set<string>();
    const stop = new AbortController();
    const writer = incarnation("w1/1");
    const journaling = journalAll(writer, stop.signal);
    const { read, through, arrived, ended } = readAll(stop.signal);
    const publish = async (client: number) => {
      for (let i = 0; i < messagesEach; i++) {
        const to = [destinationIn((client + i) % shards)];
        if (i % 5 === 0) to.push(destinationIn((client + i + 1) % shards, 1));
        const message = newMessage({ to });
        try {
          await edge.intake.accept(message);
          for (const { uid } of message.units) accepted.add(uid);
        } catch (error) {
          expect(error).toBeInstanceOf(IntakeUnavailable);
        }
      }
    };
    const load = () => Promise.all(Array.from({ length: clients }, (_, n) => publish(n)));
    for (const node of [0, 1, 2]) {
      const loading = load();
      await nats.kill(node);
      await loading;
      await nats.restart(node);
    }
    await load();
    const uids = () => [...read.values()].flat().map((entry) => entry.uid as string);
    const missing = () => accepted.difference(new Set(uids()));
    while (missing().size > 0) await arrived.wait();
    stop.abort();
    await ended;
    expect(new Set(uids()).size).toBe(uids().length);
    for (const [n, entries] of read) {
      const sequences = entries.map((entry) => entry.sequence).toSorted((a, b) => a - b);
      expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i + 1));
      expect(through.get(n)).toBeLessThanOrEqual(await worker.stream.end(shard(n)));
    }
    expect(worker.figures().logHoles).toBe(0);
    const recorded = await journaling;
    await edge.journal.seal(writer);
    expect(await collect(edge.journal.replay(writer, shard(0), 0))).toEqual(recorded);
  });
});
