/** Cassandra stops, dies and comes back: calls fail in bounded time, with the reason, and work again. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CassandraStore } from "#lib/cassandra/cassandra-store";
import { applyTables } from "#lib/cassandra/schema";
import { systemClock } from "#lib/clock";
import { nextEpoch } from "#lib/leases/leases";
import type { Uid } from "#lib/queue/unit";
import { StoreUnavailable, storeCallMsMax } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import { deferredOf, newUnit, shards } from "../conformance/fixtures.ts";
import { failureOf } from "../support/failure.ts";
import { shard } from "../support/records.ts";
import { type CassandraServers, startCassandra } from "../support/servers/cassandra.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";

const missing = cassandraMissing();
const zero = shard(0);
const content = async () => new Uint8Array(100);
/** No request begins later, and none waits longer than 2 s for its answer. */
const callMsMax = storeCallMsMax + 2_500;

describe.skipIf(missing !== undefined)(titled("Cassandra is away", missing), () => {
  let servers: CassandraServers;
  let store: CassandraStore;
  let whenUp = () => {};

  beforeAll(async () => {
    servers = await startCassandra({ nodes: 1 });
    const { contactPoints, localDataCenter } = servers;
    const info = (event: string) => event === "store_host_up" && whenUp();
    const log = { ...silentLog, info: (event: string) => void info(event) };
    const common = { contactPoints, localDataCenter, clock: systemClock, log };
    const options = { ...common, keyspace: "away", replication: 1 };
    await applyTables(options);
    store = await CassandraStore.open({ ...options, shards });
    await store.open(zero, nextEpoch(undefined));
  }, 240_000);

  afterAll(async () => {
    await store.close();
    await servers.stop();
  }, 60_000);

  async function deferOne(): Promise<Uid> {
    const deferred = deferredOf(newUnit(), { kind: "backlog" });
    await store.defer(zero, [{ deferred, content }]);
    return deferred.unit.uid;
  }

  /** The node is known to be up before there is a connection to it. */
  async function deferAgain(): Promise<Uid> {
    for (;;) {
      try {
        return await deferOne();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      // Without a connection it fails at once: its sockets must have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function depth(): Promise<number> {
    return (await store.backlogs(zero))[0]?.depth ?? 0;
  }

  async function failsInTime(call: Promise<unknown>): Promise<void> {
    const startedAt = systemClock.monotonic();
    const failure = await failureOf(call);
    expect(failure).toMatchObject({ name: "StoreUnavailable" });
    expect(systemClock.monotonic() - startedAt).toBeLessThan(callMsMax);
  }

  test("a node that stands still fails every call in time, and goes on where it was", async () => {
    const before = await deferOne();
    await servers.pause(0);
    await Promise.all([failsInTime(deferOne()), failsInTime(store.find([before]))]);
    servers.resume(0);
    const after = await deferOne();
    expect((await store.find([before, after])).size).toBe(2);
  }, 60_000);

  test("a node that died has every row when it is back, and is found by itself", async () => {
    const depthBefore = await depth();
    const before = await deferOne();
    await servers.kill(0);
    await Promise.all([failsInTime(deferOne()), failsInTime(store.finish(zero, [before]))]);
    const isBack = Promise.withResolvers<void>();
    whenUp = isBack.resolve;
    await servers.restart(0);
    await isBack.promise;
    const after = await deferAgain();
    expect((await store.find([before, after])).size).toBe(2);
    expect(await depth()).toBeGreaterThanOrEqual(depthBefore + 2);
  }, 120_000);
});
