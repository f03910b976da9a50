/** What the store on Cassandra promises beyond the seam: paging, owners, half-written deferrals. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { CassandraStore } from "#lib/cassandra/cassandra-store";
import { applyTables, checkTables } from "#lib/cassandra/schema";
import { type Clock, systemClock } from "#lib/clock";
import { nextEpoch } from "#lib/leases/leases";
import { queueIdOf, type Uid } from "#lib/queue/unit";
import type { DeferredUnit, Place, Store } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import {
  cassandraTables,
  statements,
  type TemporaryStore,
  temporaryStore,
} from "../conformance/cassandra.ts";
import { deferredOf, destinationIn, epoch, newUnit, shards } from "../conformance/fixtures.ts";
import { failureOf } from "../support/failure.ts";
import { shard } from "../support/records.ts";
import { titled } from "../support/servers/titled.ts";
import { cassandraMissing } from "../support/servers/toolchain/cassandra-jars.ts";

const missing = cassandraMissing();
const zero = shard(0);
const here = destinationIn(0);
const content = async () => new Uint8Array(100);
const backlog: Place = { kind: "backlog" };
const dueAt = (at: number): Place => ({ kind: "wheel", dueAt: at });
const first = nextEpoch(undefined);
const minute = 60_000;

const opened: TemporaryStore[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function world(clock?: Clock): Promise<TemporaryStore> {
  const made = await temporaryStore(clock);
  opened.push(made);
  return made;
}

/** The same tables for another process. */
async function successor(of: TemporaryStore, clock?: Clock): Promise<TemporaryStore> {
  const made = await of.other(clock);
  opened.push(made);
  return made;
}

/** The clock of a machine that is so much behind. */
function behind(ms: number): Clock {
  return { ...systemClock, now: () => systemClock.now() - ms };
}

function defer(store: Store, units: readonly DeferredUnit[]): Promise<void> {
  return store.defer(
    zero,
    units.map((deferred) => ({ deferred, content })),
  );
}

function waiting(count: number, place: Place): DeferredUnit[] {
  return Array.from({ length: count }, () => deferredOf(newUnit(), place));
}

async function inBacklog(store: Store, limit: number): Promise<Uid[]> {
  const uids: Uid[] = [];
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const rows = await store.backlog(zero, here, { limit, ...from });
    uids.push(...rows.map(({ uid }) => uid));
    after = rows.at(-1)?.position;
    if (rows.length < limit) return uids;
  }
}

const uidsOf = (units: readonly DeferredUnit[]) => units.map(({ unit }) => unit.uid);

describe.skipIf(missing !== undefined)(titled("the store on Cassandra", missing), () => {
  beforeAll(async () => {
    await cassandraTables();
  }, 240_000);

  test("a backlog of several segments, of several owners, is one queue", async () => {
    const before = await world();
    await before.store.open(zero, first);
    const old = waiting(2_100, backlog);
    for (let at = 0; at < old.length; at += 500) {
      await defer(before.store, old.slice(at, at + 500));
    }
    const after = await successor(before);
    await after.store.open(zero, nextEpoch(first));
    expect(await after.store.backlogs(zero)).toMatchObject([
      { backlog: here, depth: 2_100, bytes: 2_100_000 },
    ]);
    const later = waiting(3, backlog);
    await defer(after.store, later);
    expect(await inBacklog(after.store, 700)).toEqual(uidsOf([...old, ...later]));
  }, 60_000);

  test("a backlog goes on from its head under the next owner, and ends there", async () => {
    const before = await world();
    await before.store.open(zero, first);
    const units = waiting(5, backlog);
    await defer(before.store, units);
    const rows = await before.store.backlog(zero, here, { limit: 3 });
    await before.store.advanceBacklog(zero, here, rows[2]?.position ?? "");
    const after = await successor(before);
    await after.store.open(zero, nextEpoch(first));
    const left = await after.store.backlog(zero, here, { limit: 9 });
    expect(left.map(({ uid }) => uid)).toEqual(uidsOf(units.slice(3)));
    await after.store.advanceBacklog(zero, here, left.at(-1)?.position ?? "");
    expect(await after.store.backlogs(zero)).toEqual([]);
  });

  test("one claim that opens a shard twice overwrites nothing", async () => {
    const { store } = await world();
    await store.open(zero, first);
    const units = waiting(2, backlog);
    await defer(store, units.slice(0, 1));
    await store.open(zero, first);
    await defer(store, units.slice(1));
    expect(await inBacklog(store, 9)).toEqual(uidsOf(units));
  });

  test("an owner whose clock is an hour behind its predecessor's does not write in vain", async () => {
    const before = await world();
    await before.store.open(zero, first);
    const [unit, cancelled] = [newUnit(), newUnit()];
    await defer(before.store, [
      deferredOf(unit, dueAt(epoch), 1),
      deferredOf(cancelled, dueAt(epoch), 1),
    ]);
    const after = await successor(before, behind(60 * minute));
    await after.store.open(zero, nextEpoch(first));
    const next = deferredOf(unit, dueAt(epoch + 5), 2);
    await defer(after.store, [next]);
    await after.store.finish(zero, [cancelled.uid]);
    const found = await before.store.find([unit.uid, cancelled.uid]);
    expect(found.get(unit.uid)).toEqual({ state: "waiting", deferred: next });
    expect(found.get(cancelled.uid)).toEqual({ state: "finished" });
    expect((await after.store.list(zero, { limit: 9 })).units).toEqual([next]);
  });

  test("a hold is dropped by a node whose clock is behind", async () => {
    const before = await world();
    await before.store.putHold({ destination: here, reason: "complaints", since: epoch });
    const after = await successor(before, behind(60 * minute));
    await after.store.dropHold(here);
    expect(await before.store.holds()).toEqual([]);
    await after.store.putHold({ destination: here, reason: "again", since: epoch });
    expect(await before.store.holds()).toMatchObject([{ reason: "again" }]);
  });

  test("a deferral that takes too long writes no row, and is done when it is repeated", async () => {
    let late = 0;
    const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + late };
    const { store } = await world(clock);
    await store.open(zero, first);
    const [deferred] = waiting(1, dueAt(epoch + 1));
    if (deferred === undefined) throw new Error("there is one");
    const slow = async () => {
      late = 3_600_000;
      return content();
    };
    const failure = await failureOf(store.defer(zero, [{ deferred, content: slow }]));
    expect(failure).toMatchObject({ name: "StoreUnavailable" });
    expect(String(failure)).toContain("took too long");
    const { uid } = deferred.unit;
    expect((await store.find([uid])).size).toBe(0);
    expect(await store.wheel(zero, { until: epoch + 9, limit: 9 })).toEqual([]);
    expect(await store.content(queueIdOf(uid))).toBeUndefined();
    await defer(store, [deferred]);
    expect(await store.find([uid])).toEqual(new Map([[uid, { state: "waiting", deferred }]]));
    expect(await store.content(queueIdOf(uid))).toHaveLength(100);
  });

  test("a deferral that stopped before its unit's row is a hint to nothing, and can be repeated", async () => {
    const { store } = await world();
    await store.open(zero, first);
    const whole = { spilled: waiting(1, backlog), due: waiting(1, dueAt(epoch + 1)) };
    const units = [...whole.spilled, ...whole.due];
    // The record is made when all else is written.
    const stopping = units.map((deferred) => ({
      ...deferred,
      get last(): DeferredUnit["last"] {
        throw new Error("the process ends here");
      },
    }));
    expect(String(await failureOf(defer(store, stopping)))).toContain("ends here");
    expect((await store.find(uidsOf(units))).size).toBe(0);
    expect((await store.list(zero, { limit: 9 })).units).toEqual([]);
    expect(await store.wheel(zero, { until: epoch + 9, limit: 9 })).toHaveLength(1);
    expect(await inBacklog(store, 9)).toEqual(uidsOf(whole.spilled));
    await defer(store, units);
    expect((await store.list(zero, { limit: 9 })).units).toEqual(units);
    expect(await store.wheel(zero, { until: epoch + 9, limit: 9 })).toHaveLength(1);
    expect(await store.content(queueIdOf(uidsOf(units)[0] ?? newUnit().uid))).toHaveLength(100);
  });

  test("the wheel turns over buckets of months, from where its last owner left it", async () => {
    const before = await world();
    await before.store.open(zero, first);
    const ats = [0, 7, 11, 60 * 24 * 35, 60 * 24 * 35 + 1].map((n) => epoch + n * minute);
    await defer(
      before.store,
      ats.map((at) => deferredOf(newUnit(), dueAt(at))),
    );
    await before.store.advanceWheel(zero, epoch + 10 * minute);
    const after = await successor(before);
    await after.store.open(zero, nextEpoch(first));
    const rows = await after.store.wheel(zero, { until: ats.at(-1) ?? 0, limit: 99 });
    expect(rows.map(({ at }) => at)).toEqual(ats.slice(2));
    const page = await after.store.wheel(zero, { until: ats.at(-1) ?? 0, limit: 2 });
    expect(page.map(({ at }) => at)).toEqual(ats.slice(2, 4));
  });

  test("a finished unit of the last owner is not listed by the next", async () => {
    const before = await world();
    await before.store.open(zero, first);
    const units = waiting(3, backlog);
    await defer(before.store, units);
    await before.store.finish(zero, uidsOf(units.slice(0, 1)));
    const after = await successor(before);
    await after.store.open(zero, nextEpoch(first));
    expect((await after.store.list(zero, { limit: 9 })).units).toEqual(units.slice(1));
  });

  test("a shard that was not opened is a fault of ours", async () => {
    const { store } = await world();
    expect(String(await failureOf(store.backlogs(zero)))).toContain("opened before");
  });

  test("a store that cannot be reached says so, and is tried again", async () => {
    const options = await cassandraTables();
    const events: unknown[] = [];
    const log = { ...silentLog, error: (event: string) => void events.push(event) };
    const store = await CassandraStore.open({
      ...options,
      contactPoints: ["127.0.0.1:1"],
      shards,
      log,
    });
    expect(store.isConnected).toBe(false);
    expect(events).toEqual(["store_connect_failed"]);
    const failure = await failureOf(store.holds());
    expect(failure).toMatchObject({ name: "StoreUnavailable" });
    expect(String(failure)).toContain("ECONNREFUSED");
    await store.close();
  });

  test("a keyspace that is not there is said, with what to do", async () => {
    const options = { ...(await cassandraTables()), keyspace: "nowhere", shards };
    const store = await CassandraStore.open(options);
    expect(String(await failureOf(store.holds()))).toContain("godwit schema apply");
    await store.close();
  });
});

describe.skipIf(missing !== undefined)(titled("godwit schema apply", missing), () => {
  const keyspace = `tables_${process.pid}`;

  test("makes what is missing, says what differs, and refuses what would lose mail", async () => {
    const options = { ...(await cassandraTables()), keyspace };
    expect((await checkTables(options)).changes).toContain(`keyspace ${keyspace} is missing`);
    expect((await applyTables(options)).changes).toContain("made table unit");
    expect(await applyTables(options)).toEqual({ changes: [], refusals: [] });
    await statements(options, [
      `ALTER TABLE ${keyspace}.unit DROP state`,
      `DROP TABLE ${keyspace}.hold`,
      `CREATE TABLE ${keyspace}.hold (destination text PRIMARY KEY)`,
      `ALTER TABLE ${keyspace}.parked DROP reason`,
      `ALTER TABLE ${keyspace}.parked ADD reason blob`,
    ]);
    const { changes, refusals } = await applyTables({ ...options, replication: 3 });
    expect(changes).toEqual(["added column unit.state"]);
    expect(refusals.map((it) => it.split(",")[0])).toEqual([
      `keyspace ${keyspace} has 1 copies in dc1`,
      "table hold has the key ((destination))",
      "column parked.reason is of type blob",
    ]);
    expect((await checkTables({ ...options, replication: 3 })).changes).toHaveLength(3);
  }, 120_000);
});
