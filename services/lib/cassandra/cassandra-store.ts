/** The inhabitant of Store for a cluster, on Cassandra (ADR 0010). */

import type { Measure } from "#lib/automation/measure";
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceCount, BounceCountQuery } from "#lib/bounces/bounce-count";
import type { BouncePage, BounceQuery } from "#lib/bounces/bounce-query";
import type { UnknownBounces, UnknownQuery } from "#lib/bounces/unknown-bounces";
import type { Epoch } from "#lib/leases/leases";
import type { BacklogName } from "#lib/queue/backlog-name";
import { type Destination, type QueueId, queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import type { Deferral, Hold, Parked, Store, UnitFilter } from "#lib/store/store";
import { Turns } from "#lib/turns";
import { BounceTables } from "./bounces/bounce-tables.ts";
import { BucketEntries } from "./buckets.ts";
import { ContentTable } from "./content-table.ts";
import { type CassandraOptions, Connection } from "./driver/connection.ts";
import { type CallTime, Requests, type Tried } from "./driver/requests.ts";
import { type OpenShard, OpenShards } from "./open-shard.ts";
import { OperatorTables } from "./operator-tables.ts";
import { Partitions } from "./partitions.ts";
import { SuppressionTables } from "./suppression/suppression-tables.ts";
import { UnitTable } from "./unit-table.ts";

export interface CassandraStoreOptions extends CassandraOptions {
  readonly shards: number;
  readonly bouncesKeptMs?: number;
  readonly tried?: Tried;
}

/**
 * Units that are deferred at once. A cluster that is too slow for all shards' calls together would
 * finish none of them in time, for ever: so the first are finished, and the others come again.
 */
const deferringMax = 1_000;

/** Bounces, unless the configuration says otherwise. */
const bouncesKeptMs = 30 * 86_400_000;

export class CassandraStore implements Store {
  readonly suppressions: SuppressionTables;
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #contents: ContentTable;
  readonly #units: UnitTable;
  readonly #operators: OperatorTables;
  readonly #bounces: BounceTables;
  readonly #deferring = new Turns(deferringMax);
  readonly #shards: OpenShards;

  /**
   * Resolves when the cluster was reached, or could not be: then it is tried again for as long as it
   * takes, and every call fails with the reason meanwhile.
   */
  static async open(options: CassandraStoreOptions): Promise<CassandraStore> {
    const store = new CassandraStore(options);
    await store.#connection.tried();
    return store;
  }

  private constructor(options: CassandraStoreOptions) {
    const { clock, shards } = options;
    this.#connection = new Connection(options);
    this.#requests = new Requests(this.#connection, clock, options.tried);
    this.#contents = new ContentTable(this.#requests, clock);
    this.#units = new UnitTable(this.#requests, clock);
    this.#operators = new OperatorTables(this.#requests, clock, shards);
    this.#bounces = new BounceTables({
      requests: this.#requests,
      keptMs: options.bouncesKeptMs ?? bouncesKeptMs,
    });
    this.suppressions = new SuppressionTables(this.#requests, clock);
    this.#shards = new OpenShards({ requests: this.#requests, clock });
  }

  /** False: nothing can be stored, and why is in the log. */
  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  open(shard: Shard, epoch: Epoch): Promise<void> {
    return this.#shards.open(shard, epoch);
  }

  async defer(shard: Shard, deferrals: readonly Deferral[]): Promise<void> {
    const open = this.#shards.get(shard);
    const time = this.#requests.callTime();
    await this.#deferring.run(deferrals.length, async () => {
      await open.ready();
      await this.#putContents(time, deferrals);
      await this.#putRows(time, open, deferrals);
      await this.#units.put(time, open, deferrals);
    });
  }

  find(uids: readonly Uid[]) {
    return this.#units.find(uids);
  }

  content(id: QueueId): Promise<Uint8Array | undefined> {
    return this.#contents.get(id);
  }

  async finish(shard: Shard, uids: readonly Uid[]): Promise<void> {
    const open = this.#shards.get(shard);
    const time = this.#requests.callTime();
    await open.ready();
    await this.#units.finish(time, open, uids);
  }

  async wheel(shard: Shard, q: { until: number; after?: string; limit: number }) {
    return await this.#shards.get(shard).wheel.read(this.#requests, q);
  }

  async advanceWheel(shard: Shard, before: number): Promise<void> {
    await this.#shards.get(shard).advanceWheel(this.#requests.callTime(), before);
  }

  async backlog(shard: Shard, name: BacklogName, q: { after?: string; limit: number }) {
    return await this.#shards.get(shard).backlogs.read(this.#requests, name, q);
  }

  async advanceBacklog(shard: Shard, name: BacklogName, position: string): Promise<void> {
    const open = this.#shards.get(shard);
    const moved = open.backlogs.advance(name, position);
    if (moved !== undefined) await open.advanceBacklog(this.#requests.callTime(), moved);
  }

  async backlogs(shard: Shard) {
    return this.#shards.get(shard).backlogs.summaries();
  }

  putHold(hold: Hold): Promise<void> {
    return this.#operators.putHold(hold);
  }

  dropHold(destination: Destination): Promise<void> {
    return this.#operators.dropHold(destination);
  }

  holds(): Promise<readonly Hold[]> {
    return this.#operators.holds();
  }

  putMeasure(measure: Measure): Promise<void> {
    return this.#operators.putMeasure(measure);
  }

  dropMeasure(id: string): Promise<void> {
    return this.#operators.dropMeasure(id);
  }

  measures(): Promise<readonly Measure[]> {
    return this.#operators.measures();
  }

  park(parked: Parked): Promise<void> {
    return this.#operators.park(parked);
  }

  parked(limit: number): Promise<readonly Parked[]> {
    return this.#operators.parked(limit);
  }

  recordBounces(bounces: readonly Bounce[]): Promise<void> {
    return this.#bounces.record(bounces);
  }

  bounces(query: BounceQuery): Promise<BouncePage> {
    return this.#bounces.page(query);
  }

  countBounces(query: BounceCountQuery): Promise<readonly BounceCount[]> {
    return this.#bounces.counts(query);
  }

  unknownBounces(query: UnknownQuery): Promise<readonly UnknownBounces[]> {
    return this.#bounces.unknown(query);
  }

  async list(shard: Shard, filter: UnitFilter) {
    return await this.#units.list(this.#shards.get(shard), filter);
  }

  /** Of each message once. */
  async #putContents(time: CallTime, deferrals: readonly Deferral[]): Promise<void> {
    const wanted = new Map<QueueId, Deferral>();
    for (const deferral of deferrals) {
      const { unit, generation } = deferral.deferred;
      const id = queueIdOf(unit.uid);
      // The first generation was written behind its content, which lives longer than the unit.
      if (generation === 1 && !wanted.has(id)) wanted.set(id, deferral);
    }
    const writing = [...wanted].map(([id, { deferred, content }]) => {
      const { expiresAt, sizeBytes } = deferred.unit;
      return this.#contents.ensure(time, { id, expiresAt, sizeBytes, content });
    });
    const failed = (await Promise.allSettled(writing)).find((it) => it.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #putRows(time: CallTime, open: OpenShard, deferrals: readonly Deferral[]): Promise<void> {
    const rows = new Partitions();
    const stamped = new Partitions(open.stamps.next());
    const entries = { wheel: new BucketEntries(), waiting: new BucketEntries() };
    for (const deferral of deferrals) {
      open.wheel.add(deferral, { rows, entries: entries.wheel });
      this.#units.index(open, deferral, { rows: stamped, entries: entries.waiting });
    }
    const spilled = deferrals.map((it) => it.deferred).filter((it) => it.place.kind === "backlog");
    const appended = open.backlogs.add(spilled, { rows, heads: stamped });
    let isDone = false;
    try {
      await this.#requests.write(time, [
        entries.wheel.write(),
        entries.waiting.write(),
        ...rows.writes(),
        ...stamped.writes(),
      ]);
      isDone = true;
      entries.wheel.written();
      entries.waiting.written();
    } finally {
      appended(isDone);
    }
  }
}
