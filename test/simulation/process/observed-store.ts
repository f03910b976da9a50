/** The memory store as one process has it. Its calls have steps with faults between them, so it is looked at before each. */
import type { Shard, Uid } from "#lib/queue/unit";
import type { Deferral, Store } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import type { DrawnFaults } from "./drawn-faults.ts";
import type { SharedSeams } from "./observed-seams.ts";

export function observedStore(shared: SharedSeams, faults: DrawnFaults, me: Incarnation): Store {
  const { store, witness, clock } = shared;
  const inner = store.view({ clock, faults });
  return {
    open: (shard, epoch) => inner.open(shard, epoch),
    defer(shard, deferrals) {
      witness.ends.deferring(deferrals);
      return straggling(faults, {
        now: () => inner.defer(shard, deferrals),
        late: lateDeferral(shared, shard, deferrals),
      });
    },
    finish(shard, uids) {
      witness.ends.finishing(uids);
      const isNewest = newestOf(shared, uids);
      return straggling(faults, {
        now: () => inner.finish(shard, uids),
        late: () => store.view({ clock }).finish(shard, uids.filter(isNewest)),
      });
    },
    find: (uids) => inner.find(uids),
    content: (id) => inner.content(id),
    wheel: (shard, q) => inner.wheel(shard, q),
    advanceWheel: (shard, before) => inner.advanceWheel(shard, before),
    backlog: (shard, destination, q) => inner.backlog(shard, destination, q),
    advanceBacklog: (shard, destination, at) => inner.advanceBacklog(shard, destination, at),
    backlogs: (shard) => inner.backlogs(shard),
    putHold: (hold) => inner.putHold(hold),
    dropHold: (destination) => inner.dropHold(destination),
    async holds() {
      const holds = await inner.holds();
      witness.holds.read(me);
      return holds;
    },
    putMeasure: (measure) => inner.putMeasure(measure),
    dropMeasure: (id) => inner.dropMeasure(id),
    measures: () => inner.measures(),
    park: (parked) => inner.park(parked),
    parked: (limit) => inner.parked(limit),
    recordBounces: (bounces) => inner.recordBounces(bounces),
    bounces: (q) => inner.bounces(q),
    countBounces: (q) => inner.countBounces(q),
    unknownBounces: (q) => inner.unknownBounces(q),
    list: (shard, filter) => inner.list(shard, filter),
    suppressions: inner.suppressions,
  };
}

interface Straggling {
  readonly now: () => Promise<void>;
  readonly late: () => Promise<void>;
}

/** The call has faults of its own. */
function straggling(faults: DrawnFaults, { now, late }: Straggling): Promise<void> {
  return faults.straggles() ? faults.straggle({ seam: "store", operation: "write" }, late) : now();
}

/** Each write has its time: an older one changes nothing of a unit that has a newer. */
function newestOf({ lateWrites }: SharedSeams, uids: readonly Uid[]): (uid: Uid) => boolean {
  const sent = new Map(uids.map((uid) => [uid, lateWrites.sent(`store ${uid}`)]));
  return (uid) => sent.get(uid)?.() ?? false;
}

function lateDeferral(shared: SharedSeams, shard: Shard, deferrals: readonly Deferral[]) {
  const { store, clock } = shared;
  const isNewest = newestOf(
    shared,
    deferrals.map(({ deferred }) => deferred.unit.uid),
  );
  return () =>
    store.view({ clock }).defer(
      shard,
      deferrals.filter(({ deferred }) => isNewest(deferred.unit.uid)),
    );
}
