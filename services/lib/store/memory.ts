/**
 * The memory inhabitant of Store. Views of one store share its state and differ in their faults.
 */

import type { Measure } from "#lib/automation/measure";
import { decodeMeasure, encodeMeasure } from "#lib/automation/measure-record";
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceCountQuery } from "#lib/bounces/bounce-count";
import type { BounceQuery } from "#lib/bounces/bounce-query";
import type { UnknownQuery } from "#lib/bounces/unknown-bounces";
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import type { Epoch } from "#lib/leases/leases";
import type { BacklogName } from "#lib/queue/backlog-name";
import { type Destination, type QueueId, queueIdOf, type Shard, type Uid } from "#lib/queue/unit";
import { MemoryStoreState } from "./memory-state.ts";
import { MemorySuppressions } from "./memory-suppressions.ts";
import {
  type Deferral,
  type Hold,
  type Parked,
  pageOf,
  type Store,
  type StoredUnit,
  StoreUnavailable,
  storeCallMsMax,
  type UnitFilter,
  type UnitPage,
} from "./store.ts";

export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly faults?: Faults;
}

export class MemoryStore implements Store {
  readonly suppressions: MemorySuppressions;
  readonly #state: MemoryStoreState;
  readonly #clock: Clock;
  readonly #faults: Faults | undefined;
  /** Under which each shard was opened last. */
  readonly #epochs = new Map<Shard, Epoch>();

  constructor(options: MemoryStoreOptions, state = new MemoryStoreState(options.clock)) {
    this.#state = state;
    this.#clock = options.clock;
    this.#faults = options.faults;
    this.suppressions = new MemorySuppressions({
      rows: state.suppressions,
      clock: options.clock,
      at: (operation, act) => this.#at(operation, act),
    });
  }

  /** The same store as another process sees it, with faults of its own. */
  view(options: MemoryStoreOptions): MemoryStore {
    return new MemoryStore(options, this.#state);
  }

  open(shard: Shard, epoch: Epoch): Promise<void> {
    return this.#at("open", () => {
      this.#epochs.set(shard, epoch);
      this.#state.wheel(shard);
    });
  }

  defer(shard: Shard, deferrals: readonly Deferral[]): Promise<void> {
    const startedAt = this.#clock.monotonic();
    const epoch = this.#epochs.get(shard);
    return this.#at("defer", async () => {
      // Steps of their own, as in Cassandra, so that a simulation can stop between them.
      await this.#at("defer/content", () => this.#putContents(deferrals));
      this.#mustBeInTime(startedAt);
      await this.#at("defer/rows", () => {
        for (const deferral of deferrals) this.#state.putRows(shard, deferral);
      });
      this.#mustBeInTime(startedAt);
      await this.#at("defer/units", () => {
        for (const { deferred } of deferrals) this.#state.putUnit({ shard, epoch }, deferred);
      });
    });
  }

  find(uids: readonly Uid[]) {
    return this.#at("find", () => {
      const found = new Map<Uid, StoredUnit>();
      for (const uid of uids) {
        const unit = this.#state.find(uid);
        if (unit !== undefined) found.set(uid, unit);
      }
      return found;
    });
  }

  content(id: QueueId) {
    return this.#at("content", () => this.#state.content(id));
  }

  finish(shard: Shard, uids: readonly Uid[]) {
    const epoch = this.#epochs.get(shard);
    return this.#at("finish", () => {
      for (const uid of uids) this.#state.finish(epoch, uid);
    });
  }

  wheel(shard: Shard, q: { until: number; after?: string; limit: number }) {
    return this.#at("wheel", () => this.#state.wheel(shard).read(q));
  }

  advanceWheel(shard: Shard, before: number) {
    return this.#at("advanceWheel", () => this.#state.wheel(shard).advance(before));
  }

  backlog(shard: Shard, name: BacklogName, q: { after?: string; limit: number }) {
    return this.#at("backlog", () => this.#state.backlog(shard).read(name, q));
  }

  advanceBacklog(shard: Shard, name: BacklogName, position: string) {
    return this.#at("advanceBacklog", () => this.#state.backlog(shard).advance(name, position));
  }

  backlogs(shard: Shard) {
    return this.#at("backlogs", () => this.#state.backlog(shard).summaries());
  }

  putHold(hold: Hold) {
    return this.#at("putHold", () => void this.#state.holds.set(hold.destination, hold));
  }

  dropHold(destination: Destination) {
    return this.#at("dropHold", () => void this.#state.holds.delete(destination));
  }

  holds() {
    return this.#at("holds", () => [...this.#state.holds.values()]);
  }

  putMeasure(measure: Measure) {
    return this.#at("putMeasure", () => {
      this.#state.measures.set(measure.id, encodeMeasure(measure));
    });
  }

  dropMeasure(id: string) {
    return this.#at("dropMeasure", () => void this.#state.measures.delete(id));
  }

  measures() {
    return this.#at("measures", () =>
      [...this.#state.measures.values()]
        .flatMap((record) => decodeMeasure(record) ?? [])
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  park(parked: Parked) {
    const key = `${parked.shard}/${parked.sequence}`;
    return this.#at("park", () => void this.#state.parked.set(key, parked));
  }

  parked(limit: number) {
    return this.#at("parked", () => [...this.#state.parked.values()].slice(0, limit));
  }

  recordBounces(bounces: readonly Bounce[]) {
    return this.#at("recordBounces", () => this.#state.bounces.record(bounces));
  }

  bounces(query: BounceQuery) {
    return this.#at("bounces", () => this.#state.bounces.page(query));
  }

  countBounces(query: BounceCountQuery) {
    return this.#at("countBounces", () => this.#state.bounces.counts(query));
  }

  unknownBounces(query: UnknownQuery) {
    return this.#at("unknownBounces", () => this.#state.bounces.unknown(query));
  }

  list(shard: Shard, filter: UnitFilter): Promise<UnitPage> {
    return this.#at("list", () => pageOf(this.#state.list(shard, filter), filter));
  }

  #at<T>(operation: string, act: () => T | Promise<T>): Promise<T> {
    return betweenFaults(this.#faults, { seam: "store", operation }, act);
  }

  #mustBeInTime(startedAt: number): void {
    if (this.#clock.monotonic() - startedAt <= storeCallMsMax) return;
    throw new StoreUnavailable("Cannot defer: the call took too long");
  }

  async #putContents(deferrals: readonly Deferral[]): Promise<void> {
    for (const { deferred, content } of deferrals) {
      const { uid } = deferred.unit;
      const id = queueIdOf(uid);
      // Before anything is awaited: meanwhile the last other unit of the message may be finished.
      this.#state.needContent(uid);
      if (this.#state.content(id) === undefined) this.#state.putContent(id, await content());
    }
  }
}
