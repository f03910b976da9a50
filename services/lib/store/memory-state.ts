/** What a memory store holds, without faults: every step is done at once. */
import type { Clock } from "#lib/clock";
import type { Epoch } from "#lib/leases/leases";
import type { Destination, QueueId, Shard, Uid } from "#lib/queue/unit";
import { queueIdOf } from "#lib/queue/unit";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import { MemoryBounces } from "./memory-bounces.ts";
import { BacklogRows, WheelRows } from "./memory-rows.ts";
import { SuppressionRows } from "./memory-suppressions.ts";
import type { Deferral, DeferredUnit, Hold, Parked, StoredUnit, UnitFilter } from "./store.ts";

/** A suspect is looked at soon after a takeover. */
const finishedKeptMs = 3_600_000;

interface WaitingUnit {
  /** Of who wrote it. */
  readonly epoch: Epoch | undefined;
  readonly shard: Shard;
  readonly destination: Destination;
  readonly record: Uint8Array;
}

/** Whose write it is: the owner of a shard; without an epoch it never opened it. */
export interface Writer {
  readonly shard: Shard;
  readonly epoch: Epoch | undefined;
}

export class MemoryStoreState {
  readonly #clock: Clock;
  readonly #waiting = new Map<Uid, WaitingUnit>();
  /** By uid, when each was finished and by whom, in that order. */
  readonly #finished = new Map<Uid, { readonly at: number; readonly epoch: Epoch | undefined }>();
  readonly #contents = new Map<QueueId, Uint8Array>();
  /** The units of each message that wait or are about to: without any its content goes. */
  readonly #unitsOf = new Map<QueueId, Set<Uid>>();
  readonly #wheels = new Map<Shard, WheelRows>();
  readonly #backlogs = new Map<Shard, BacklogRows>();
  readonly holds = new Map<Destination, Hold>();
  /** By id, as records. */
  readonly measures = new Map<string, string>();
  readonly parked = new Map<string, Parked>();
  readonly bounces = new MemoryBounces();
  readonly suppressions = new SuppressionRows();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  content(id: QueueId): Uint8Array | undefined {
    return this.#contents.get(id);
  }

  /** The unit is about to be written: from now on the content of its message stays for it. */
  needContent(uid: Uid): void {
    const id = queueIdOf(uid);
    const units = this.#unitsOf.get(id) ?? new Set();
    this.#unitsOf.set(id, units.add(uid));
  }

  putContent(id: QueueId, content: Uint8Array): void {
    this.#contents.set(id, content);
  }

  wheel(shard: Shard): WheelRows {
    const wheel = this.#wheels.get(shard) ?? new WheelRows();
    this.#wheels.set(shard, wheel);
    return wheel;
  }

  backlog(shard: Shard): BacklogRows {
    const backlog = this.#backlogs.get(shard) ?? new BacklogRows();
    this.#backlogs.set(shard, backlog);
    return backlog;
  }

  putRows(shard: Shard, { deferred, lookAt }: Deferral): void {
    const { place } = deferred;
    const dueAt = place.kind === "wheel" ? place.dueAt : lookAt;
    if (dueAt !== undefined) this.wheel(shard).add(deferred, dueAt);
    if (place.kind === "backlog") this.backlog(shard).add(deferred, this.#clock.now());
  }

  /** What an owner before the last one writes late changes nothing. */
  putUnit({ shard, epoch }: Writer, deferred: DeferredUnit): void {
    const { uid, destination } = deferred.unit;
    if (this.#isByLater(uid, epoch)) return;
    this.#finished.delete(uid);
    this.#waiting.set(uid, { epoch, shard, destination, record: encodeDeferred(deferred) });
    this.needContent(uid);
  }

  find(uid: Uid): StoredUnit | undefined {
    const waiting = this.#waiting.get(uid);
    if (waiting !== undefined)
      return { state: "waiting", deferred: decodeDeferred(waiting.record) };
    return this.#finished.has(uid) ? { state: "finished" } : undefined;
  }

  finish(epoch: Epoch | undefined, uid: Uid): void {
    this.#forgetFinished();
    if (this.#isByLater(uid, epoch)) return;
    this.#waiting.delete(uid);
    this.#finished.set(uid, { at: this.#clock.monotonic(), epoch });
    const id = queueIdOf(uid);
    const units = this.#unitsOf.get(id);
    units?.delete(uid);
    if (units?.size !== 0) return;
    this.#unitsOf.delete(id);
    this.#contents.delete(id);
  }

  list(shard: Shard, filter: UnitFilter): readonly DeferredUnit[] {
    const { destination, queueId, after = "", limit } = filter;
    const uids: Uid[] = [];
    for (const [uid, unit] of this.#waiting) {
      if (unit.shard !== shard || uid <= after) continue;
      if (destination !== undefined && unit.destination !== destination) continue;
      if (queueId !== undefined && queueIdOf(uid) !== queueId) continue;
      uids.push(uid);
    }
    const found = uids.sort().slice(0, limit);
    return found.flatMap((uid) => {
      const unit = this.#waiting.get(uid);
      return unit === undefined ? [] : [decodeDeferred(unit.record)];
    });
  }

  #isByLater(uid: Uid, epoch: Epoch | undefined): boolean {
    const row = this.#waiting.get(uid) ?? this.#finished.get(uid);
    return row?.epoch !== undefined && row.epoch > (epoch ?? row.epoch);
  }

  #forgetFinished(): void {
    const before = this.#clock.monotonic() - finishedKeptMs;
    for (const [uid, { at }] of this.#finished) {
      if (at >= before) return;
      this.#finished.delete(uid);
    }
  }
}
