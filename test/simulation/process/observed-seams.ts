/** The memory seams as one process has them: with its faults, and with the witness told of each effect. */

import type { Clock } from "#lib/clock";
import { betweenFaults, type FaultPoint, type Faults } from "#lib/faults";
import type { Bus } from "#lib/leases/bus";
import type { Leases } from "#lib/leases/leases";
import type { MemoryLeases } from "#lib/leases/memory";
import type { MemoryBus } from "#lib/leases/memory-bus";
import type { MemoryStore } from "#lib/store/memory";
import type { Store } from "#lib/store/store";
import type { Intake } from "#lib/stream/intake";
import type { Journal } from "#lib/stream/journal";
import type { MemoryLog } from "#lib/stream/memory";
import type { Stream } from "#lib/stream/stream";
import type { Witness } from "../witness/witness.ts";

/** What all processes of a world share. */
export interface SharedSeams {
  readonly log: MemoryLog;
  readonly store: MemoryStore;
  readonly leases: MemoryLeases;
  readonly bus: MemoryBus;
  readonly witness: Witness;
  readonly clock: Clock;
}

export interface Seams {
  readonly intake: Intake;
  readonly stream: Stream;
  readonly journal: Journal;
  readonly store: Store;
  readonly leases: Leases;
  readonly bus: Bus;
}

export function seamsFor(shared: SharedSeams, faults: Faults): Seams {
  return {
    intake: observedIntake(shared, faults),
    stream: observedStream(shared, faults),
    journal: observedJournal(shared, faults),
    store: observedStore(shared, faults),
    leases: observedLeases(shared, faults),
    bus: shared.bus.view({ clock: shared.clock, faults }),
  };
}

export function observedIntake({ log, witness }: SharedSeams, faults: Faults): Intake {
  const inner = log.intake();
  const point: FaultPoint = { seam: "intake", operation: "accept" };
  return {
    accept: (message) =>
      betweenFaults(faults, point, async () => {
        await inner.accept(message);
        witness.stored(message);
      }),
  };
}

function observedStream({ log, witness }: SharedSeams, faults: Faults): Stream {
  const inner = log.stream(faults);
  const bare = log.stream();
  return {
    open: (shard, after) => inner.open(shard, after),
    content: (id) => inner.content(id),
    end: (shard) => inner.end(shard),
    purge: (shard, floor) =>
      betweenFaults(faults, { seam: "stream", operation: "purge", shard }, async () => {
        witness.shards.purging(shard, floor);
        await bare.purge(shard, floor);
      }),
  };
}

function observedJournal({ log, witness }: SharedSeams, faults: Faults): Journal {
  const inner = log.journal();
  const faulty = log.journal(faults);
  return {
    append: (writer, events) =>
      betweenFaults(faults, { seam: "journal", operation: "append" }, async () => {
        const position = await inner.append(writer, events);
        witness.ends.appended(writer, events);
        return position;
      }),
    seal: (writer) =>
      betweenFaults(faults, { seam: "journal", operation: "seal" }, async () => {
        const position = await inner.seal(writer);
        witness.standing.over(writer);
        return position;
      }),
    replay: (writer, shard, after) => faulty.replay(writer, shard, after),
    trace: (prefix, limit) => faulty.trace(prefix, limit),
  };
}

/** The store has steps of its own with faults between them, so it is looked at before each call. */
function observedStore({ store, witness, clock }: SharedSeams, faults: Faults): Store {
  const inner = store.view({ clock, faults });
  return {
    open: (shard, epoch) => inner.open(shard, epoch),
    defer: (shard, deferrals) => {
      witness.ends.deferring(deferrals);
      return inner.defer(shard, deferrals);
    },
    finish: (shard, uids) => {
      witness.ends.finishing(uids);
      return inner.finish(shard, uids);
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
    holds: () => inner.holds(),
    park: (parked) => inner.park(parked),
    parked: (limit) => inner.parked(limit),
    recordBounces: (bounces) => inner.recordBounces(bounces),
    bounces: (q) => inner.bounces(q),
    list: (shard, filter) => inner.list(shard, filter),
  };
}

function observedLeases({ leases, witness, clock }: SharedSeams, faults: Faults): Leases {
  const inner = leases.view({ clock });
  const faulty = leases.view({ clock, faults });
  const at = <T>(operation: string, act: () => Promise<T>) =>
    betweenFaults(faults, { seam: "leases", operation }, act);
  return {
    heartbeat: (me, standing) => faulty.heartbeat(me, standing),
    leave: (me) => faulty.leave(me),
    members: () => faulty.members(),
    watch: (released) => faulty.watch(released),
    read: (shard) => faulty.read(shard),
    claim: (shard, me, read) =>
      at("claim", async () => {
        const epoch = await inner.claim(shard, me, read);
        if (epoch !== undefined) witness.shards.claimed(shard, me, epoch);
        return epoch;
      }),
    checkpoint: (shard, epoch, checkpoint) =>
      at("checkpoint", async () => {
        await inner.checkpoint(shard, epoch, checkpoint);
        witness.shards.checkpointed(shard, checkpoint);
      }),
    release: (shard, epoch, checkpoint) =>
      at("release", async () => {
        await inner.release(shard, epoch, checkpoint);
        witness.shards.released(shard, checkpoint);
      }),
  };
}
