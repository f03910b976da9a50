/**
 * Tells the shard's next owner how far the log and our journal are done with, and drops what nobody
 * needs any more. The order is what makes it safe: the checkpoint, and only then the purge. The cursors
 * come last: a store that is away must not let the log fill with what was delivered (DESIGN §6).
 */
import {
  type Checkpoint,
  type Epoch,
  Fenced,
  type JournalMark,
  type Leases,
} from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import { LogWentBack, type Stream } from "#lib/stream/stream";
import type { Log } from "#lib/telemetry/log";
import type { WorkerLimits } from "../limits/worker-limits.ts";
import type { Tenure } from "../tenure.ts";
import type { RetryWheel } from "../waiting/retry-wheel.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { ShardProgress } from "./progress.ts";
import type { Takeover } from "./takeover.ts";
import type { WorkingSet } from "./working-set.ts";

export interface CheckpointsPorts {
  readonly shard: Shard;
  readonly epoch: Epoch;
  readonly me: Incarnation;
  readonly takeover: Takeover;
  readonly progress: ShardProgress;
  readonly working: WorkingSet;
  readonly wheel: RetryWheel;
  readonly leases: Leases;
  readonly store: Store;
  readonly stream: Stream;
  readonly writer: JournalWriter;
  readonly limits: Pick<WorkerLimits, "handOver">;
  readonly log: Log;
  readonly tenure: Tenure;
  readonly isOver: () => boolean;
  readonly isStoreOpen: () => boolean;
  /** The shard has another owner by now. */
  readonly onFenced: () => void;
}

export class Checkpoints {
  readonly #ports: CheckpointsPorts;
  /** Up to here an earlier owner's journal tells what is settled, or the store. */
  readonly #neededThrough: number;
  #written: Checkpoint | undefined;
  #running: Promise<void> | undefined;

  constructor(ports: CheckpointsPorts) {
    this.#ports = ports;
    const { settled, suspectThrough } = ports.takeover;
    let neededThrough = suspectThrough;
    // One lane may be ahead of another: what is settled may lie behind all that is suspect.
    for (const sequence of settled) neededThrough = Math.max(neededThrough, sequence);
    this.#neededThrough = neededThrough;
  }

  /** What a successor must know now. */
  current(): Checkpoint {
    const { me, writer, progress, takeover } = this.#ports;
    const { floor } = progress;
    const own: JournalMark = { writer: me, position: progress.replayFrom(writer.position) };
    const isPassed = floor >= this.#neededThrough;
    const { log } = takeover;
    const journals = isPassed ? [own] : [...takeover.journals, own];
    return { floor, journals, ...(log === undefined ? undefined : { log }) };
  }

  /** With the release, once: nothing of ours is on its way, and what is left was begun by nobody. */
  last(): Checkpoint {
    const { working, progress, takeover, limits, shard } = this.#ports;
    const told = limits.handOver(shard);
    const checkpoint = {
      ...this.current(),
      ...(told === undefined ? undefined : { limits: told }),
    };
    if (working.unitCount > 0) return checkpoint;
    return { ...checkpoint, suspectThrough: Math.max(progress.floor, takeover.suspectThrough) };
  }

  /** Rejects when it could not be written. @throws {Fenced} @throws {LogWentBack} */
  async write(): Promise<void> {
    const { leases, shard, epoch, stream, takeover, isOver } = this.#ports;
    if (isOver()) return;
    const checkpoint = this.current();
    if (isSame(checkpoint, this.#written)) return;
    // A floor among the numbers of a log made anew, beside the name of ours, would look like a restored one.
    if (checkpoint.floor > takeover.floor) await stream.confirm(shard, checkpoint.floor);
    await leases.checkpoint(shard, epoch, checkpoint);
    this.#written = checkpoint;
  }

  /** Never rejects; a call while one runs does nothing. */
  async writeAndPurge(): Promise<void> {
    if (this.#running !== undefined) return;
    this.#running = this.#writeAndPurge();
    await this.#running;
    this.#running = undefined;
  }

  /** Resolves when none is under way: the last one must not be overtaken. */
  async quiet(): Promise<void> {
    await this.#running;
  }

  async #writeAndPurge(): Promise<void> {
    const { shard, log, onFenced } = this.#ports;
    try {
      await this.write();
      await this.#purge();
      await this.#advanceCursors();
    } catch (error) {
      if (error instanceof Fenced) return onFenced();
      log.error("checkpoint_failed", { shard, error: String(error) });
      // Whoever claims it next finds it out, and waits for an operator.
      if (error instanceof LogWentBack) onFenced();
    }
  }

  async #advanceCursors(): Promise<void> {
    const { store, shard, wheel, working, tenure } = this.#ports;
    // A cursor that another owner's rows lie behind would hide them: nothing of this unless sure.
    if (!this.#ports.isStoreOpen()) return;
    if (tenure.isSure) await wheel.advance();
    const backlogs = [...working.destinations].flatMap((queue) => [...queue.backlogs.all]);
    for (const [name, backlog] of backlogs) {
      const { done } = backlog;
      if (done === undefined || !tenure.isSure) continue;
      await store.advanceBacklog(shard, name, done);
      backlog.told(done);
    }
  }

  async #purge(): Promise<void> {
    const { stream, shard, isOver } = this.#ports;
    // Not the floor of now: the checkpoint says that nobody needs what lies behind its floor.
    const floor = this.#written?.floor ?? 0;
    if (floor > 0 && !isOver()) await stream.purge(shard, floor);
  }
}

function isSame(a: Checkpoint, b: Checkpoint | undefined): boolean {
  return (
    a.floor === b?.floor &&
    a.journals.length === b.journals.length &&
    a.journals.every((mark, i) => mark.position === b.journals[i]?.position)
  );
}
