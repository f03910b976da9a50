/** The memory seams as one process has them: with its faults, and with the witness told of each effect. */

import type { Clock } from "#lib/clock";
import { betweenFaults } from "#lib/faults";
import type { Bus, BusHandler } from "#lib/leases/bus";
import type { Leases } from "#lib/leases/leases";
import type { MemoryLeases } from "#lib/leases/memory";
import type { MemoryBus } from "#lib/leases/memory-bus";
import type { MemoryStore } from "#lib/store/memory";
import type { Store } from "#lib/store/store";
import { type Intake, IntakeFull } from "#lib/stream/intake";
import type { Incarnation, Journal } from "#lib/stream/journal";
import type { MemoryLog } from "#lib/stream/memory";
import type { Splitting } from "#lib/stream/memory-split";
import type { Stream } from "#lib/stream/stream";
import type { Witness } from "../witness/witness.ts";
import type { DrawnFaults } from "./drawn-faults.ts";
import type { LateWrites } from "./late-writes.ts";
import { observedLeases } from "./observed-leases.ts";
import { observedStore } from "./observed-store.ts";
import { UnsteadyReader } from "./unsteady-reader.ts";

/** What all processes of a world share. */
export interface SharedSeams {
  readonly log: MemoryLog;
  readonly store: MemoryStore;
  readonly leases: MemoryLeases;
  readonly bus: MemoryBus;
  readonly witness: Witness;
  readonly clock: Clock;
  readonly lateWrites: LateWrites;
}

export interface Seams {
  readonly intake: Intake;
  readonly splitting: Splitting;
  readonly stream: Stream;
  readonly journal: Journal;
  readonly store: Store;
  readonly leases: Leases;
  readonly bus: Bus;
}

/** Those of the incarnation `me`. */
export function seamsFor(shared: SharedSeams, faults: DrawnFaults, me: Incarnation): Seams {
  return {
    intake: observedIntake(shared, faults, me),
    splitting: observedSplitting(shared, faults),
    stream: observedStream(shared, faults),
    journal: observedJournal(shared, faults),
    store: observedStore(shared, faults, me),
    leases: observedLeases(shared, faults),
    bus: gatedBus(shared.bus.view({ clock: shared.clock, faults }), faults),
  };
}

export function observedIntake(
  { log, witness }: SharedSeams,
  faults: DrawnFaults,
  by: string,
): Intake {
  const inner = log.intake();
  return {
    accept: (message) =>
      faults.effect({ seam: "intake", operation: "accept" }, async () => {
        await inner.accept(message).catch((error: unknown) => {
          if (error instanceof IntakeFull) witness.refused(message);
          throw error;
        });
        witness.stored(message, by);
      }),
  };
}

function observedSplitting({ log, witness }: SharedSeams, faults: DrawnFaults): Splitting {
  const inner = log.splitting();
  const at = <T>(operation: string, act: () => Promise<T>) =>
    faults.effect({ seam: "intake", operation }, act);
  return {
    // One that straggled would be taken by nobody.
    take: (signal) =>
      betweenFaults(faults, { seam: "intake", operation: "take" }, () => inner.take(signal)),
    publish: (message, index) =>
      at("publish", async () => {
        const isNew = await inner.publish(message, index);
        if (isNew) witness.published(message, index);
        return isNew;
      }),
    acknowledge: (message) => at("acknowledge", () => inner.acknowledge(message)),
  };
}

function observedStream({ log, witness }: SharedSeams, faults: DrawnFaults): Stream {
  const inner = log.stream(faults);
  const bare = log.stream();
  return {
    open: (shard, after) => new UnsteadyReader(inner.open(shard, after), { after, faults }),
    content: (id) => inner.content(id),
    contentForSure: (id) => inner.contentForSure(id),
    keepContent: (shard, sequence) => inner.keepContent(shard, sequence),
    end: (shard) => inner.end(shard),
    origin: (shard) => inner.origin(shard),
    confirm: (shard, floor) => inner.confirm(shard, floor),
    purge: (shard, floor) =>
      faults.effect({ seam: "stream", operation: "purge", shard }, async () => {
        witness.shards.purging(shard, floor);
        await bare.purge(shard, floor);
      }),
  };
}

function observedJournal(shared: SharedSeams, faults: DrawnFaults): Journal {
  const { log, witness, lateWrites } = shared;
  const inner = log.journal();
  const faulty = log.journal(faults);
  return {
    append(writer, events) {
      const isNewest = lateWrites.sent(`journal ${writer}`);
      const act = async () => {
        const position = await inner.append(writer, events);
        witness.ends.appended(writer, events);
        return position;
      };
      // Under the condition that the last record is still the last.
      const late = () => (isNewest() ? act() : undefined);
      return faults.effect({ seam: "journal", operation: "append" }, act, late);
    },
    seal: (writer) =>
      faults.effect({ seam: "journal", operation: "seal" }, async () => {
        const position = await inner.seal(writer);
        witness.standing.over(writer);
        return position;
      }),
    replay: (writer, shard, after) => faulty.replay(writer, shard, after),
    trace: (prefix, limit) => faulty.trace(prefix, limit),
  };
}

/** Whoever stands still answers when it goes on, and one that is dead never. */
function gatedBus(bus: Bus, faults: DrawnFaults): Bus {
  const gated = (handler: BusHandler): BusHandler => {
    return (request) =>
      new Promise((resolve, reject) => {
        faults.whenRunning(() => void handler(request).then(resolve, reject));
      });
  };
  return {
    ask: (shard, request) => bus.ask(shard, request),
    askWorker: (name, request) => bus.askWorker(name, request),
    askAll: (request) => bus.askAll(request),
    serveShard: (shard, handler) => bus.serveShard(shard, gated(handler)),
    serveWorker: (worker) => bus.serveWorker({ ...worker, handler: gated(worker.handler) }),
  };
}
