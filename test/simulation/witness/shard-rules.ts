/** Owners, checkpoints and purges: nothing is forgotten that somebody still needs. */
import type { Checkpoint, Epoch } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Breaches } from "./breaches.ts";
import type { Ledger, ShardState } from "./ledger.ts";
import type { Trail } from "./trail.ts";

export class ShardRules {
  readonly #ledger: Ledger;
  readonly #breaches: Breaches;
  readonly #trail: Trail;

  constructor(ledger: Ledger, breaches: Breaches, trail: Trail) {
    this.#ledger = ledger;
    this.#breaches = breaches;
    this.#trail = trail;
  }

  claimed(shard: Shard, owner: Incarnation, epoch: Epoch): void {
    this.#trail.note(`claimed shard ${shard} by ${owner} epoch ${epoch}`);
    Object.assign(this.#ledger.shard(shard), { owner, epoch, isStarted: false });
  }

  checkpointed(shard: Shard, { floor }: Checkpoint, epoch: Epoch): void {
    const state = this.#ledger.shard(shard);
    const about = oldestOf(state, shard);
    if (epoch !== state.epoch) {
      const text = `shard ${shard} at ${floor} under ${epoch}`;
      this.#breaches.broke("no effect under an old epoch", about, text);
    }
    state.isStarted = true;
    if (floor > state.settledThrough) {
      const text = `shard ${shard} at ${floor}`;
      this.#breaches.broke("the floor is below all that is unsettled", about, text);
    }
    if (floor < state.checkpointedFloor) {
      this.#breaches.broke("the floor never falls", about, `shard ${shard} to ${floor}`);
    }
    state.checkpointedFloor = floor;
  }

  released(shard: Shard, checkpoint: Checkpoint, epoch: Epoch): void {
    this.checkpointed(shard, checkpoint, epoch);
    this.#trail.note(`released shard ${shard} floor ${checkpoint.floor}`);
    this.#ledger.shard(shard).owner = undefined;
  }

  purging(shard: Shard, floor: number): void {
    const state = this.#ledger.shard(shard);
    const about = oldestOf(state, shard);
    const text = `shard ${shard} up to ${floor}`;
    if (floor > state.settledThrough) {
      this.#breaches.broke("nothing unsettled is purged", about, text);
    }
    if (floor > state.checkpointedFloor) {
      this.#breaches.broke("purged only behind the checkpoint", about, text);
    }
  }
}

/** The oldest unsettled unit, or the shard. */
function oldestOf({ log, settledThrough }: ShardState, shard: Shard): readonly string[] {
  return [log[settledThrough]?.uid ?? `shard ${shard}`];
}
