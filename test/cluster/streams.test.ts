/** What `schema apply` makes of a real server, and what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock } from "#lib/clock";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { plannedStreams, type WantedStreams } from "#lib/nats/stream-plan";
import { applyStreams, checkStreams } from "#lib/nats/streams";
import { silentLog } from "#lib/telemetry/log";
import { bucketStream, clusterNames } from "#proto/subjects";
import { shard } from "../support/records.ts";
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
    expect((await checkStreams(links, want)).changes).toHaveLength(9);
    const first = await applyStreams(links, want);
    expect({ changes: first.changes.length, refusals: first.refusals }).toEqual({
      changes: 9,
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
});
