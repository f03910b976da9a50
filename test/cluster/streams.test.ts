/** What `schema apply` makes of a real server, and what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock } from "#lib/clock";
import { epochOf } from "#lib/leases/leases";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { readKey } from "#lib/nats/coordination/key-cell";
import { plannedStreams, type WantedStreams } from "#lib/nats/stream-plan";
import { applyStreams, checkLogs, checkStreams } from "#lib/nats/streams";
import { silentLog } from "#lib/telemetry/log";
import { decodeLease, encodeLease } from "#proto/lease";
import { bucketStream, clusterNames, keySubject } from "#proto/subjects";
import { incarnation, shard } from "../support/records.ts";
import { sharedNats } from "../support/servers/shared-servers.ts";

import { titled } from "../support/servers/titled.ts";
import { natsMissing } from "../support/servers/toolchain/nats-binary.ts";

let links: NatsLinks;
let made = 0;
const mebibyte = 1024 * 1024;

const noNats = natsMissing();

describe.skipIf(noNats !== undefined)(titled("streams", noNats), () => {
  beforeAll(async () => {
    const { servers } = await sharedNats();
    links = await connectNats({ servers, name: "test", clock: systemClock, log: silentLog });
  });
  afterAll(() => links?.close());

  function wanted(options: Partial<WantedStreams> = {}): WantedStreams {
    made += 1;
    return {
      names: clusterNames(`schema${made}`),
      shards: 2,
      replicas: 1,
      shardBytesMax: mebibyte,
      splitBytesMax: mebibyte,
      bodyBytesMax: mebibyte,
      journalBytesMax: mebibyte,
      keysBytesMax: mebibyte,
      bodyAgeMs: 6 * 86_400_000,
      ...options,
    };
  }

  function publish(want: WantedStreams, count: number): Promise<unknown> {
    const subject = want.names.laneFilter(shard(0), "n").replace(">", "example");
    const content = new Uint8Array(100_000);
    return Promise.all(
      Array.from({ length: count }, () => links.publish.request(subject, content)),
    );
  }

  test("everything is made once, and then is as it should be", async () => {
    const want = wanted();
    expect((await checkStreams(links, want)).changes).toHaveLength(10);
    const first = await applyStreams(links, want);
    expect({ changes: first.changes.length, refusals: first.refusals }).toEqual({
      changes: 10,
      refusals: [],
    });
    expect(first.changes).toContain(`made stream ${want.names.shardStream(shard(1))}`);
    expect(await applyStreams(links, want)).toEqual({ changes: [], refusals: [] });
    expect(await checkStreams(links, want)).toEqual({ changes: [], refusals: [] });
  });

  test("a bucket that an earlier version made is let be", async () => {
    const want = wanted();
    await applyStreams(links, want);
    const manager = await jetstreamManager(links.publish);
    const name = bucketStream(want.names.buckets.once.replace("once", "conf"));
    await manager.streams.add({ name, subjects: [`$KV.${name.slice(3)}.>`] });
    expect(await checkStreams(links, want)).toEqual({ changes: [], refusals: [] });
    expect(await applyStreams(links, want)).toEqual({ changes: [], refusals: [] });
    expect((await manager.streams.info(name)).config.name).toBe(name);
  });

  test("a size is changed, and it is said", async () => {
    const want = wanted();
    await applyStreams(links, want);
    const larger = { ...want, journalBytesMax: 2 * mebibyte };
    const line = `max_bytes is ${mebibyte}, not ${2 * mebibyte}`;
    const { journalStream } = want.names;
    expect((await checkStreams(links, larger)).changes).toEqual([
      `stream ${journalStream}: ${line}`,
    ]);
    expect((await applyStreams(links, larger)).changes).toEqual([
      `changed stream ${journalStream}: ${line}`,
    ]);
    expect((await checkStreams(links, larger)).changes).toEqual([]);
  });

  test("a size below what a stream holds is refused", async () => {
    const want = wanted();
    await applyStreams(links, want);
    await publish(want, 5);
    const { changes, refusals } = await applyStreams(links, { ...want, shardBytesMax: 300_000 });
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain("more than the 300000 wanted");
    expect(changes).toHaveLength(1);
  });

  test("another number of shards is refused while one holds mail, or when there are fewer", async () => {
    const want = wanted();
    await applyStreams(links, want);
    const fewer = await applyStreams(links, { ...want, shards: 1 });
    expect(fewer.refusals[0]).toContain("remove the surplus");
    const differing = await checkStreams(links, { ...want, shards: 1 });
    expect(differing.changes[0]).toContain("only 1 shards are wanted");
    await publish(want, 1);
    const more = await applyStreams(links, { ...want, shards: 3 });
    expect(more.changes).toEqual([]);
    expect(more.refusals[0]).toContain("hold mail");
  });

  test("more shards are made while all are empty", async () => {
    const want = wanted();
    await applyStreams(links, want);
    const { changes, refusals } = await applyStreams(links, { ...want, shards: 3 });
    expect({ changes, refusals }).toEqual({
      changes: [`made stream ${want.names.shardStream(shard(2))}`],
      refusals: [],
    });
  });

  test("what the servers cannot reserve is refused, and says what to do", async () => {
    const want = wanted({ bodyBytesMax: 10_000 * 1024 * mebibyte });
    const { changes, refusals } = await applyStreams(links, want);
    expect(changes).toHaveLength(plannedStreams(want).length - 1);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain("raise max_file");
  });

  describe("what a shard's lease says of its log", () => {
    const epoch = epochOf(7);

    async function lease(want: WantedStreams, floor: number, n = 0): Promise<void> {
      const value = encodeLease({
        epoch,
        owner: incarnation("a/1"),
        checkpoint: { floor, journals: [] },
      });
      await links.publish.request(keySubject(want.names.buckets.shards, String(n)), value);
    }

    async function standingLease(want: WantedStreams) {
      const manager = await jetstreamManager(links.publish);
      const { shards: bucket } = want.names.buckets;
      const key = { stream: bucketStream(bucket), subject: keySubject(bucket, "0") };
      const standing = await readKey({ manager }, key);
      return standing === undefined ? undefined : decodeLease(standing.value);
    }

    test("a log that is lost is made anew with numbers that nobody has had", async () => {
      const want = wanted();
      await applyStreams(links, want);
      await publish(want, 3);
      await lease(want, 3);
      const manager = await jetstreamManager(links.publish);
      const name = want.names.shardStream(shard(0));
      await manager.streams.delete(name);
      expect(await checkLogs(links, want)).toEqual([]);
      const { changes, refusals } = await applyStreams(links, want);
      expect(refusals).toEqual([]);
      expect(changes).toEqual([
        `made stream ${name}: the one before it is gone, with what was in it; its numbers go on at 1000000003`,
      ]);
      await publish(want, 1);
      // As a worker does that knows of the old one alone.
      await manager.streams.purge(name, { seq: 4 });
      const { state } = await manager.streams.info(name);
      expect(state).toMatchObject({ messages: 1, last_seq: 1_000_000_003 });
      expect(await applyStreams(links, want)).toEqual({ changes: [], refusals: [] });
      const larger = { ...want, shardBytesMax: 2 * mebibyte };
      expect((await applyStreams(links, larger)).refusals).toEqual([]);
      expect((await manager.streams.info(name)).state.messages).toBe(1);
    });

    test("also one of which nothing was done with: its owner may have read it", async () => {
      const want = wanted();
      await applyStreams(links, want);
      await lease(want, 0);
      const manager = await jetstreamManager(links.publish);
      await manager.streams.delete(want.names.shardStream(shard(0)));
      const { changes } = await applyStreams(links, want);
      expect(changes[0]).toContain("its numbers go on at 1000000000");
    });

    test("a log that was restored as it once was is read from its beginning", async () => {
      const want = wanted();
      await applyStreams(links, want);
      await publish(want, 3);
      await lease(want, 4);
      const line = `stream ${want.names.shardStream(shard(0))}: it ends at 3 and is not the one that its shard was done with up to 4: an older state was restored`;
      expect(await checkLogs(links, want)).toEqual([line]);
      const { changes, refusals } = await applyStreams(links, want);
      expect({ changes, refusals }).toEqual({
        changes: [`${line}. It is read from its beginning`],
        refusals: [],
      });
      expect(await standingLease(want)).toEqual({ epoch: epochOf(8) });
      expect(await checkLogs(links, want)).toEqual([]);
      expect(await applyStreams(links, want)).toEqual({ changes: [], refusals: [] });
    });

    test("one that has all that its shard was done with is left alone", async () => {
      const want = wanted();
      await applyStreams(links, want);
      await publish(want, 3);
      await lease(want, 3);
      expect(await checkLogs(links, want)).toEqual([]);
      expect(await applyStreams(links, want)).toEqual({ changes: [], refusals: [] });
      expect(await standingLease(want)).toMatchObject({ epoch, checkpoint: { floor: 3 } });
    });

    test("the last of the streams is made anew, too, while others hold mail", async () => {
      const want = wanted();
      await applyStreams(links, want);
      await publish(want, 1);
      await lease(want, 9, 1);
      const manager = await jetstreamManager(links.publish);
      await manager.streams.delete(want.names.shardStream(shard(1)));
      const { changes, refusals } = await applyStreams(links, want);
      expect(refusals).toEqual([]);
      expect(changes[0]).toContain("its numbers go on at 1000000009");
    });
  });
});
