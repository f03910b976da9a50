/** A store on a real Cassandra, in a keyspace that all suites of this process share. */
import { Client } from "cassandra-driver";
import { CassandraStore } from "#lib/cassandra/cassandra-store";
import { applyTables, type TablesOptions } from "#lib/cassandra/schema";
import { type Clock, systemClock } from "#lib/clock";
import type { Shard } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import { silentLog } from "#lib/telemetry/log";
import { shard } from "../support/records.ts";
import { sharedCassandra } from "../support/servers/shared-servers.ts";
import { shards } from "./fixtures.ts";
import type { StoreWorld } from "./store.ts";

const keyspace = `store_${process.pid}`;
let applied: Promise<TablesOptions> | undefined;
let suites = 0;

/** The tables are made once: that takes seconds. */
export function cassandraTables(): Promise<TablesOptions> {
  applied ??= apply();
  return applied;
}

async function apply(): Promise<TablesOptions> {
  const { contactPoints, localDataCenter } = await sharedCassandra();
  const servers = { contactPoints, localDataCenter };
  const options = { ...servers, keyspace, replication: 1, clock: systemClock, log: silentLog };
  await applyTables(options);
  return options;
}

export interface TemporaryStore extends StoreWorld {
  readonly inner: CassandraStore;
  /** The same rows as another process sees them. */
  readonly other: (clock?: Clock) => Promise<TemporaryStore>;
}

/** Changes the tables as nobody should. */
export async function statements(
  { contactPoints, localDataCenter }: TablesOptions,
  queries: readonly string[],
): Promise<void> {
  const client = new Client({ contactPoints: [...contactPoints], localDataCenter });
  for (const query of queries) await client.execute(query);
  await client.shutdown();
}

/** With shards of its own, so that suites do not see one another. */
export async function temporaryStore(clock: Clock = systemClock): Promise<TemporaryStore> {
  suites += 1;
  return openAt(suites * shards, clock);
}

async function openAt(base: number, clock: Clock): Promise<TemporaryStore> {
  const inner = await CassandraStore.open({ ...(await cassandraTables()), shards, clock });
  const store = shifted(inner, (own) => shard(base + own));
  const close = async () => {
    for (const { destination } of await inner.holds()) await inner.dropHold(destination);
    for (const { id } of await inner.measures()) await inner.dropMeasure(id);
    await inner.close();
  };
  const reopen = async () => {
    await inner.close();
    return openAt(base, clock);
  };
  return { inner, store, close, reopen, other: (its = systemClock) => openAt(base, its) };
}

/** Shard n of a suite is another one in the tables. */
function shifted(inner: Store, of: (own: Shard) => Shard): Store {
  return {
    open: (own, epoch) => inner.open(of(own), epoch),
    defer: (own, deferrals) => inner.defer(of(own), deferrals),
    finish: (own, uids) => inner.finish(of(own), uids),
    find: (uids) => inner.find(uids),
    content: (id) => inner.content(id),
    wheel: (own, q) => inner.wheel(of(own), q),
    advanceWheel: (own, before) => inner.advanceWheel(of(own), before),
    backlog: (own, destination, q) => inner.backlog(of(own), destination, q),
    advanceBacklog: (own, destination, at) => inner.advanceBacklog(of(own), destination, at),
    backlogs: (own) => inner.backlogs(of(own)),
    putHold: (hold) => inner.putHold(hold),
    dropHold: (destination) => inner.dropHold(destination),
    holds: () => inner.holds(),
    putMeasure: (measure) => inner.putMeasure(measure),
    dropMeasure: (id) => inner.dropMeasure(id),
    measures: () => inner.measures(),
    park: (parked) => inner.park(parked),
    parked: (limit) => inner.parked(limit),
    recordBounces: (bounces) => inner.recordBounces(bounces),
    bounces: (q) => inner.bounces(q),
    countBounces: (q) => inner.countBounces(q),
    unknownBounces: (q) => inner.unknownBounces(q),
    list: (own, filter) => inner.list(of(own), filter),
    suppressions: inner.suppressions,
  };
}
