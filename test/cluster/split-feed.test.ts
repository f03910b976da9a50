/** The feed of what is to be fanned out: when it comes again, and when a shard is full. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { AckPolicy, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type Clock, systemClock } from "#lib/clock";
import { PersistentPublisher } from "#lib/nats/publishing/persistent-publisher";
import { Publisher } from "#lib/nats/publishing/publisher";
import { FanOutProgress } from "#lib/nats/splitting/fan-out-progress";
import { SplitFeed } from "#lib/nats/splitting/split-feed";
import { IntakeFull } from "#lib/stream/intake";
import { silentLog } from "#lib/telemetry/log";
import {
  type ClusterLog,
  type TemporaryCluster,
  temporaryCluster,
} from "../conformance/cluster.ts";
import { destinationIn, newMessage, pullAll, shards, uidsOf } from "../conformance/fixtures.ts";
import { failureOf } from "../support/failure.ts";
import { shard } from "../support/records.ts";
import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

const noNats = natsMissing();
const zero = shard(0);
const to = [destinationIn(0), destinationIn(1)];

describe.skipIf(noNats !== undefined)(titled("the split feed", noNats), () => {
  let cluster: TemporaryCluster;
  let log: ClusterLog;
  let manager: JetStreamManager;

  beforeEach(async () => {
    cluster = await temporaryCluster({ bytesMax: 500_000 });
    log = await cluster.open();
    manager = await jetstreamManager(log.links.publish);
  });
  afterEach(() => cluster?.close());

  function feedAt(clock: Clock): SplitFeed {
    const link = log.links.publishLink;
    const single = new Publisher({ link, clock });
    const publisher = new PersistentPublisher({ link, publisher: single, clock });
    const { names } = cluster;
    const progress = new FanOutProgress({ names, manager, publisher });
    const ports = { names, shards, link, manager, publisher, progress, clock };
    return new SplitFeed({ ...ports, log: silentLog });
  }

  test("start and stop, before and twice", async () => {
    const feed = feedAt(systemClock);
    await feed.stop();
    feed.start();
    feed.start();
    await feed.stop();
    await feed.stop();
    feed.start();
    const message = newMessage({ to });
    await log.intake.accept(message);
    expect(uidsOf(await pullAll(log.stream.open(zero, 0), 1))).toEqual([`${message.id}.0`]);
    await feed.stop();
    expect(feed.figures).toMatchObject({ done: 1, late: 0, inFlight: 0 });
  });

  test("one that stops in the middle of many leaves none to wait for", async () => {
    const messages = Array.from({ length: 500 }, () => newMessage({ to }));
    await Promise.all(messages.map((message) => log.intake.accept(message)));
    const feed = feedAt(systemClock);
    feed.start();
    await pullAll(log.stream.open(zero, 0), 1);
    await feed.stop();
    const left = messages.length - feed.figures.done;
    expect(left).toBeGreaterThan(0);
    const { splitStream, splitConsumer } = cluster.names;
    const consumer = await manager.jetstream().consumers.get(splitStream, splitConsumer);
    // What had not been given back would come when this has long ended.
    let found = 0;
    for await (const _ of await consumer.fetch({ max_messages: left, expires: 2_000 })) found += 1;
    expect(found).toBe(left);
  });

  test("a consumer that an earlier version made waits for as long as this one says", async () => {
    const { splitStream, splitConsumer } = cluster.names;
    await manager.consumers.add(splitStream, {
      durable_name: splitConsumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(30_000),
      max_ack_pending: 10_000,
      max_deliver: -1,
    });
    const message = newMessage({ to });
    await log.intake.accept(message);
    const feeds = [feedAt(systemClock), feedAt(systemClock)];
    for (const feed of feeds) feed.start();
    expect(uidsOf(await pullAll(log.stream.open(zero, 0), 1))).toEqual([`${message.id}.0`]);
    for (const feed of feeds) await feed.stop();
    const { config } = await manager.consumers.info(splitStream, splitConsumer);
    expect(config.ack_wait).toBe(nanos(10_000));
  });

  test("a consumer that an operator removes is made anew, and what it had handed out comes again", async () => {
    const { splitStream, splitConsumer } = cluster.names;
    const durable = { durable_name: splitConsumer, ack_policy: AckPolicy.Explicit };
    await manager.consumers.add(splitStream, { ...durable, ack_wait: nanos(3_600_000) });
    const message = newMessage({ to });
    await log.intake.accept(message);
    const consumer = await manager.jetstream().consumers.get(splitStream, splitConsumer);
    await consumer.next();
    await manager.consumers.delete(splitStream, splitConsumer);
    const feed = feedAt(systemClock);
    feed.start();
    expect(uidsOf(await pullAll(log.stream.open(zero, 0), 1))).toEqual([`${message.id}.0`]);
    await feed.stop();
    expect((await manager.streams.info(splitStream)).state.messages).toBe(0);
  });

  test("what waits is told: before there is a worker, and what one has taken", async () => {
    expect(await log.splitBacklog()).toEqual({ waiting: 0, inFlight: 0 });
    for (let n = 0; n < 3; n++) await log.intake.accept(newMessage({ to }));
    const { oldestMs, ...counts } = await log.splitBacklog();
    expect(counts).toEqual({ waiting: 3, inFlight: 0 });
    expect(oldestMs).toBeGreaterThanOrEqual(0);
    const feed = feedAt(systemClock);
    feed.start();
    await pullAll(log.stream.open(zero, 0), 3);
    await feed.stop();
    expect(await log.splitBacklog()).toEqual({ waiting: 0, inFlight: 0 });
    await log.intake.accept(newMessage({ to }));
    const { splitStream, splitConsumer } = cluster.names;
    const consumer = await manager.jetstream().consumers.get(splitStream, splitConsumer);
    await consumer.next();
    expect(await log.splitBacklog()).toMatchObject({ waiting: 0, inFlight: 1 });
  });

  test("one that is repeated after its streams have forgotten its id is counted", async () => {
    const [first, second] = [feedAt(systemClock), feedAt(aheadBy(11 * 60_000))];
    first.start();
    await first.stop();
    await log.intake.accept(newMessage({ to }));
    const { splitStream, splitConsumer } = cluster.names;
    const consumer = await manager.jetstream().consumers.get(splitStream, splitConsumer);
    (await consumer.next())?.nak();
    second.start();
    await pullAll(log.stream.open(shard(1), 0), 1);
    await second.stop();
    expect(second.figures).toMatchObject({ done: 1, late: 1 });
  });

  test("of one that waited for a full shard no unit comes twice, when its streams have forgotten the ids", async () => {
    await fillShardZero(log);
    const content = new Uint8Array(2_000).fill(65);
    const message = newMessage({ content, to });
    await log.intake.accept(message);
    const first = feedAt(systemClock);
    first.start();
    const delivered = await pullAll(log.stream.open(shard(1), 0), 1);
    expect(uidsOf(delivered)).toEqual([`${message.id}.1`]);
    await first.stop();
    // A stream that is made anew knows no ids: as after the duplicate window.
    const stream = cluster.names.shardStream(shard(1));
    const { config } = await manager.streams.info(stream);
    await manager.streams.delete(stream);
    await manager.streams.add(config);
    await log.stream.purge(zero, await log.stream.end(zero));
    const second = feedAt(aheadBy(11 * 60_000));
    const through = await log.stream.end(zero);
    second.start();
    const entries = await pullAll(log.stream.open(zero, through), 1);
    expect(uidsOf(entries)).toEqual([`${message.id}.0`]);
    await second.stop();
    expect(second.figures).toMatchObject({ done: 1, late: 0 });
    expect((await manager.streams.info(stream)).state.messages).toBe(0);
  });

  test("an edge that knows of a full shard takes no message that has a unit for it, and no part of it", async () => {
    log.publishability.start();
    await fillShardZero(log);
    const refused = await failureOf(log.intake.accept(newMessage({ to })));
    expect(refused).toBeInstanceOf(IntakeFull);
    expect((await log.splitBacklog()).waiting).toBe(0);
    await log.intake.accept(newMessage({ to: [destinationIn(2), destinationIn(3)] }));
    expect((await log.splitBacklog()).waiting).toBe(1);
    await log.stream.purge(zero, await log.stream.end(zero));
    // Mail that goes there alone shows that there is room again, as asking in turn does.
    await log.intake.accept(newMessage());
    await log.intake.accept(newMessage({ to }));
    expect((await log.splitBacklog()).waiting).toBe(2);
  });

  test("however many wait for a shard that is full, those for others go on", async () => {
    await fillShardZero(log);
    const content = new Uint8Array(2_000).fill(65);
    for (let n = 0; n < 40; n++) await log.intake.accept(newMessage({ content, to }));
    const other = newMessage({ to: [destinationIn(2), destinationIn(3)] });
    await log.intake.accept(other);
    const feed = feedAt(systemClock);
    feed.start();
    expect(uidsOf(await pullAll(log.stream.open(shard(2), 0), 1))).toEqual([`${other.id}.0`]);
    await feed.stop();
    expect(feed.figures).toMatchObject({ done: 1, inFlight: 0 });
    expect((await manager.streams.info(cluster.names.splitStream)).state.messages).toBe(40);
  });

  test("a shard that is full makes its units wait, and nothing is lost", async () => {
    const content = new Uint8Array(100_000).fill(65);
    const filling = Array.from({ length: 4 }, () => newMessage({ content }));
    for (const message of filling) await log.intake.accept(message);
    const message = newMessage({ content, to });
    await log.intake.accept(message);
    const feed = feedAt(systemClock);
    feed.start();
    await pullAll(log.stream.open(shard(1), 0), 1);
    const full = await pullAll(log.stream.open(zero, 0), filling.length);
    const through = full.at(-1)?.sequence ?? 0;
    await log.stream.purge(zero, through);
    const entries = await pullAll(log.stream.open(zero, through), 1);
    expect(uidsOf(entries)).toEqual([`${message.id}.0`]);
    await feed.stop();
    expect((await manager.streams.info(cluster.names.splitStream)).state.messages).toBe(0);
  });
});

/** Until it takes nothing more. */
async function fillShardZero({ intake }: ClusterLog): Promise<void> {
  for (const bytes of [100_000, 10_000, 1_000]) {
    const content = new Uint8Array(bytes).fill(65);
    for (let isFull = false; !isFull; ) {
      isFull = await intake.accept(newMessage({ content })).then(
        () => false,
        (error: unknown) => error instanceof IntakeFull,
      );
    }
  }
}

function aheadBy(spanMs: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + spanMs };
}
