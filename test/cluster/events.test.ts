/** The stream for events on a real server: several consumers, one that never reads, a server that goes and comes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { systemClock as clock } from "#lib/clock";
import { BatchingSink } from "#lib/events/batching-sink";
import type { NatsLinks } from "#lib/nats/connection";
import { connectNats } from "#lib/nats/connection";
import { followEventStream } from "#lib/nats/events/stream-follower";
import { StreamOutlet } from "#lib/nats/events/stream-outlet";
import { applyStreams } from "#lib/nats/streams";
import { silentLog as log } from "#lib/telemetry/log";
import { decodeEventRecord, type EventKind, eventKinds, type ReadEvent } from "#proto/event-record";
import { type ClusterNames, clusterNames } from "#proto/subjects";
import { countedEvents, eventOf, eventsOf, tell } from "../support/events/event-records.ts";
import { type NatsServers, startNats } from "../support/servers/nats.ts";
import { sharedNats } from "../support/servers/shared-servers.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const mebibyte = 1024 * 1024;
const noNats = natsMissing();
let made = 0;

function wanted(eventsBytesMax: number) {
  made += 1;
  return {
    names: clusterNames(`events${made}`),
    ...{ shards: 1, replicas: 1, eventsBytesMax, bodyAgeMs: 86_400_000 },
    ...{ shardBytesMax: mebibyte, splitBytesMax: mebibyte },
    ...{ bodyBytesMax: mebibyte, journalBytesMax: mebibyte, keysBytesMax: mebibyte },
  };
}

describe.skipIf(noNats !== undefined)(titled("events in JetStream", noNats), () => {
  let links: NatsLinks;
  let manager: JetStreamManager;
  let names: ClusterNames;

  beforeAll(async () => {
    const { servers } = await sharedNats();
    links = await connectNats({ servers, name: "test", clock, log });
    manager = await jetstreamManager(links.publish);
  });
  afterAll(() => links?.close());
  beforeEach(async () => {
    const want = wanted(mebibyte);
    const { changes } = await applyStreams(links, want);
    expect(changes).toContain(`made stream ${want.names.eventsStream}`);
    names = want.names;
  });

  function outlet(): StreamOutlet {
    return StreamOutlet.open({ links, names, clock, node: "mta1.example.net" });
  }

  async function durable(name: string, kind?: EventKind): Promise<void> {
    await manager.consumers.add(names.eventsStream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...(kind === undefined ? {} : { filter_subject: names.eventSubject(kind) }),
    });
  }

  async function readBy(name: string, messagesMax: number): Promise<readonly ReadEvent[]> {
    const consumer = await jetstream(links.consume).consumers.get(names.eventsStream, name);
    const events: ReadEvent[] = [];
    for await (const message of await consumer.fetch({
      max_messages: messagesMax,
      expires: 1_000,
    })) {
      const lines = message.string().trimEnd().split("\n");
      events.push(...lines.map(decodeEventRecord));
      message.ack();
    }
    return events;
  }

  test("each consumer replays what it is interested in, at its own pace", async () => {
    await durable("bounces", "bounce");
    const records = [eventOf(1, "delivery"), eventOf(2, "bounce"), eventOf(3, "delivery")];
    await outlet().write({ n: 1, records });
    await durable("late");
    const bounces = await readBy("bounces", 10);
    expect(bounces.map(({ attempt }) => attempt)).toEqual([2]);
    const all = await readBy("late", 10);
    expect(all.map(({ attempt }) => attempt)).toEqual([1, 3, 2]);
  });

  test("a batch that is handed in again is stored once; that of another process is another", async () => {
    const [one, other] = [outlet(), outlet()];
    const batch = { n: 1, records: eventsOf(3) };
    await one.write(batch);
    await one.write(batch);
    const messages = async () => (await manager.streams.info(names.eventsStream)).state.messages;
    expect(await messages()).toBe(1);
    await other.write(batch);
    expect(await messages()).toBe(2);
  });

  test("who never reads keeps nobody from writing: the oldest go", async () => {
    await durable("sleeper");
    const { counted, metrics } = countedEvents();
    const common = { kinds: eventKinds, node: "a", clock, log, metrics };
    const sink = new BatchingSink({ ...common, outlet: outlet() });
    for (const event of eventsOf(20_000)) tell(sink, event);
    await sink.flush();
    expect(counted).toEqual({ written: 20_000, dropped: 0 });
    const { state } = await manager.streams.info(names.eventsStream);
    expect(state.first_seq).toBeGreaterThan(1);
    expect(state.bytes).toBeLessThanOrEqual(mebibyte);
    const kept = await readBy("sleeper", 1_000);
    expect(kept.at(-1)?.attempt).toBe(19_999);
    await sink.close();
  });

  test("a follower begins with the next, and hears only of what it asked for", async () => {
    const ended = new AbortController();
    const lines = followEventStream({
      ...{ links, names, signal: ended.signal },
      kinds: ["bounce"],
      from: "start",
    });
    await outlet().write({ n: 1, records: [eventOf(1), eventOf(2, "bounce")] });
    const { value } = await lines.next();
    expect(decodeEventRecord(String(value)).attempt).toBe(2);
    ended.abort();
    expect((await lines.next()).done).toBe(true);
  });
});

describe.skipIf(noNats !== undefined)(titled("events while NATS is away", noNats), () => {
  let nats: NatsServers;
  beforeAll(async () => {
    nats = await startNats({ nodes: 1 });
  });
  afterAll(() => nats?.stop());

  test("wait, and are there when it is back, each once", async () => {
    const links = await connectNats({ servers: nats.servers, name: "test", clock, log });
    const want = wanted(64 * mebibyte);
    await applyStreams(links, want);
    const { names } = want;
    const { counted, metrics } = countedEvents();
    const outlet = StreamOutlet.open({ links, names, clock, node: "mta1.example.net" });
    const common = { kinds: eventKinds, node: "a", clock, log, metrics };
    const sink = new BatchingSink({ ...common, outlet });
    for (const event of eventsOf(100)) tell(sink, event);
    await sink.flush();
    await nats.kill(0);
    for (const event of eventsOf(2_000).slice(100)) tell(sink, event);
    await nats.restart(0);
    await sink.flush();
    expect(counted).toEqual({ written: 2_000, dropped: 0 });
    const found: unknown[] = [];
    const ended = new AbortController();
    const { signal } = ended;
    for await (const line of followEventStream({
      links,
      names,
      kinds: [],
      from: "start",
      signal,
    })) {
      found.push(decodeEventRecord(line).attempt);
      if (found.length === 2_000) ended.abort();
    }
    expect(found).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
    await sink.close();
    await links.close();
  }, 120_000);
});
