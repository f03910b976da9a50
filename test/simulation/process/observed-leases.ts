/** The memory leases as one process has them. What it writes is refused when it comes behind a newer write, as by its revision. */
import { betweenFaults } from "#lib/faults";
import type { Leases } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { DrawnFaults } from "./drawn-faults.ts";
import type { SharedSeams } from "./observed-seams.ts";

export function observedLeases(shared: SharedSeams, faults: DrawnFaults): Leases {
  const { leases, witness, clock, lateWrites } = shared;
  const inner = leases.view({ clock });
  const faulty = leases.view({ clock, faults });
  const write = <T>(operation: string, shard: Shard, act: () => Promise<T>) => {
    const isNewest = lateWrites.sent(`lease ${shard}`);
    const late = () => (isNewest() ? act() : undefined);
    return faults.effect({ seam: "leases", operation }, act, late);
  };
  const tell = (operation: string, act: () => Promise<void>) =>
    faults.effect({ seam: "leases", operation }, act);
  return {
    heartbeat: (me, standing) => tell("heartbeat", () => inner.heartbeat(me, standing)),
    leave: (me) => tell("leave", () => inner.leave(me)),
    members: () => faulty.members(),
    watch: (released) => faulty.watch((shard) => faults.whenRunning(() => released(shard))),
    // By the one that claims: it does so only on what it has read.
    read: (shard) =>
      betweenFaults(faults, { seam: "leases", operation: "read", shard }, () => inner.read(shard)),
    claim: (shard, me, read) =>
      write("claim", shard, async () => {
        const epoch = await inner.claim(shard, me, read);
        if (epoch !== undefined) witness.shards.claimed(shard, me, epoch);
        return epoch;
      }),
    checkpoint: (shard, epoch, checkpoint) =>
      write("checkpoint", shard, async () => {
        await inner.checkpoint(shard, epoch, checkpoint);
        witness.shards.checkpointed(shard, checkpoint, epoch);
      }),
    release: (shard, epoch, checkpoint) =>
      write("release", shard, async () => {
        await inner.release(shard, epoch, checkpoint);
        witness.shards.released(shard, checkpoint, epoch);
      }),
  };
}
