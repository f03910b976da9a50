/**
 * The store as one owner of a shard has it. It is opened beside everything else, so that a store that
 * is slow or away keeps no shard from being taken over (DESIGN §6: first attempts go on as ever).
 * Until it is open, whatever names the shard fails as if the store were away.
 */

import type { Measure } from "#lib/automation/measure";
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceCountQuery } from "#lib/bounces/bounce-count";
import type { BounceQuery } from "#lib/bounces/bounce-query";
import type { UnknownQuery } from "#lib/bounces/unknown-bounces";
import type { Epoch } from "#lib/leases/leases";
import type { BacklogName } from "#lib/queue/backlog-name";
import type { Destination, QueueId, Shard, Time, Uid } from "#lib/queue/unit";
import {
  type BacklogSummary,
  type Deferral,
  type Hold,
  type Parked,
  type Store,
  StoreUnavailable,
  type UnitFilter,
} from "#lib/store/store";
import { PersistentWrites, type PersistentWritesPorts } from "../settlement/persistent-writes.ts";

export interface OpeningStorePorts extends PersistentWritesPorts {
  readonly store: Store;
  readonly shard: Shard;
  readonly epoch: Epoch;
}

export class OpeningStore implements Store {
  readonly #ports: OpeningStorePorts;
  readonly #writes: PersistentWrites;
  #isOpen = false;

  constructor(ports: OpeningStorePorts) {
    this.#ports = ports;
    this.#writes = new PersistentWrites(ports);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves with what its backlogs are when it is open; never, when the shard is lost before. */
  async begin(): Promise<readonly BacklogSummary[]> {
    const { store, shard, epoch } = this.#ports;
    await this.#writes.persist("open", () => store.open(shard, epoch));
    const backlogs = await this.#writes.persist("open", () => store.backlogs(shard));
    this.#isOpen = true;
    return backlogs;
  }

  /** Resolves when no opening is under way. */
  quiet(): Promise<void> {
    return this.#writes.quiet();
  }

  open(shard: Shard, epoch: Epoch) {
    return this.#ports.store.open(shard, epoch);
  }

  defer(shard: Shard, deferrals: readonly Deferral[]) {
    return this.#opened((store) => store.defer(shard, deferrals));
  }

  finish(shard: Shard, uids: readonly Uid[]) {
    return this.#opened((store) => store.finish(shard, uids));
  }

  wheel(shard: Shard, q: { until: Time; after?: string; limit: number }) {
    return this.#opened((store) => store.wheel(shard, q));
  }

  advanceWheel(shard: Shard, before: Time) {
    return this.#opened((store) => store.advanceWheel(shard, before));
  }

  backlog(shard: Shard, name: BacklogName, q: { after?: string; limit: number }) {
    return this.#opened((store) => store.backlog(shard, name, q));
  }

  advanceBacklog(shard: Shard, name: BacklogName, position: string) {
    return this.#opened((store) => store.advanceBacklog(shard, name, position));
  }

  backlogs(shard: Shard) {
    return this.#opened((store) => store.backlogs(shard));
  }

  list(shard: Shard, filter: UnitFilter) {
    return this.#opened((store) => store.list(shard, filter));
  }

  find(uids: readonly Uid[]) {
    return this.#ports.store.find(uids);
  }

  content(id: QueueId) {
    return this.#ports.store.content(id);
  }

  putHold(hold: Hold) {
    return this.#ports.store.putHold(hold);
  }

  dropHold(destination: Destination) {
    return this.#ports.store.dropHold(destination);
  }

  holds() {
    return this.#ports.store.holds();
  }

  putMeasure(measure: Measure) {
    return this.#ports.store.putMeasure(measure);
  }

  dropMeasure(id: string) {
    return this.#ports.store.dropMeasure(id);
  }

  measures() {
    return this.#ports.store.measures();
  }

  park(parked: Parked) {
    return this.#ports.store.park(parked);
  }

  parked(limit: number) {
    return this.#ports.store.parked(limit);
  }

  recordBounces(bounces: readonly Bounce[]) {
    return this.#ports.store.recordBounces(bounces);
  }

  bounces(query: BounceQuery) {
    return this.#ports.store.bounces(query);
  }

  countBounces(query: BounceCountQuery) {
    return this.#ports.store.countBounces(query);
  }

  unknownBounces(query: UnknownQuery) {
    return this.#ports.store.unknownBounces(query);
  }

  get suppressions() {
    return this.#ports.store.suppressions;
  }

  #opened<T>(call: (store: Store) => Promise<T>): Promise<T> {
    const { store, shard } = this.#ports;
    if (this.#isOpen) return call(store);
    const why = `Cannot use the store: shard ${shard} is not opened yet`;
    return Promise.reject(new StoreUnavailable(why));
  }
}
