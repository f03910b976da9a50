/**
 * The end of ownership in good order (ADR 0006, 0011): running attempts finish, the journal has their
 * outcomes, nothing is on its way any more, and only then the shard is released.
 *
 * An attempt that has not sent its final dot after a moment is left to the next owner: one slow host
 * must not stop its whole shard. For the reply to a final dot we wait, because it cannot be undone.
 */
import type { Clock } from "#lib/clock";
import type { Epoch, Leases } from "#lib/leases/leases";
import type { Shard, Uid } from "#lib/queue/unit";
import { rejectOnAbort } from "#lib/stream/waiters";
import type { Attempts } from "../attempt/attempt.ts";
import type { Timings } from "../config.ts";
import type { WorkerLimits } from "../limits/worker-limits.ts";
import type { Settlement } from "../settlement/settlement.ts";
import type { Tenure } from "../tenure.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { OpeningStore } from "./opening-store.ts";
import type { WorkingSet } from "./working-set.ts";

/** For sessions that have nothing to do any more to be gone. */
const closingMs = 1_000;

export interface HandOverPorts {
  readonly shard: Shard;
  readonly epoch: Epoch;
  readonly timings: Timings;
  readonly attempts: Attempts;
  readonly working: WorkingSet;
  readonly settlement: Settlement;
  readonly checkpoints: Checkpoints;
  readonly opening: OpeningStore;
  readonly writer: JournalWriter;
  readonly limits: Pick<WorkerLimits, "whenClosed">;
  readonly leases: Leases;
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly isOver: () => boolean;
  /** From here on no write begins. */
  readonly close: () => void;
}

/** Reading has stopped already. Rejects with the reason of `limit` when that aborts first. */
export async function handOver(ports: HandOverPorts, limit: AbortSignal): Promise<void> {
  const { attempts, working, writer, tenure, leases, shard, epoch, checkpoints } = ports;
  await rejectOnAbort(drained(ports), limit);
  if (ports.isOver()) return;
  ports.close();
  // Our successor tries them, so they must not arrive from us as well.
  attempts.dropUncommitted((uid) => working.has(uid));
  await rejectOnAbort(attempts.connections.leave(shard, ports.clock), limit);
  await rejectOnAbort(closed(ports), limit);
  // What is still on its way must not come to the store or the journal behind our successor's back.
  await rejectOnAbort(quiet(ports), limit);
  if (writer.isSealed || tenure.isExpired) return;
  await rejectOnAbort(leases.release(shard, epoch, checkpoints.last()), limit);
}

/** Resolves when nothing of the shard is being written to the store, the leases or the journal. */
async function quiet(ports: HandOverPorts): Promise<void> {
  const { settlement, checkpoints, writer, shard, opening } = ports;
  await opening.quiet();
  await settlement.quiet();
  await checkpoints.quiet();
  await writer.flushed(shard);
}

/** Sessions do not move: the next owner counts from nought. One that does not end is not waited for. */
async function closed({ limits, shard, clock }: HandOverPorts): Promise<void> {
  const areClosed = new AbortController();
  const outOfTime = clock.sleep(closingMs, areClosed.signal).catch(() => undefined);
  await Promise.race([limits.whenClosed(shard), outOfTime]);
  areClosed.abort();
}

async function drained({ working, clock, timings, attempts }: HandOverPorts): Promise<void> {
  const isMeant = (uid: Uid) => working.has(uid);
  const cancelDrop = clock.after(timings.finishMs, () => {
    // Some may still be connecting: nothing comes of them, so nobody need wait for their end.
    for (const uid of attempts.dropUncommitted(isMeant)) working.leave(uid);
  });
  const isDrained = new AbortController();
  const outOfTime = clock.sleep(timings.drainMs, isDrained.signal).catch(() => undefined);
  await Promise.race([working.empty(), outOfTime]);
  isDrained.abort();
  cancelDrop();
}
