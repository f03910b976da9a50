/** Seam: which shards are mine, under which epoch. */
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";

/** A fencing token: rises with every claim of a shard. */
export type Epoch = number & { readonly __brand: "Epoch" };

/** How far a shard's log and its owner's journal are done with. */
export interface Checkpoint {
  /** Every entry of the log up to here is settled. */
  readonly floor: number;
  /** Journal of the owner: settled entries above the floor are recorded behind `position`. */
  readonly writer: Incarnation;
  readonly position: number;
}

export interface Lease {
  /** Absent after an orderly release. */
  readonly owner?: Incarnation;
  readonly epoch: Epoch;
  readonly checkpoint?: Checkpoint;
}

export interface Leases {
  /** Tells that `me` lives. Rejects when that could not be recorded. */
  heartbeat(me: Incarnation): Promise<void>;
  /** Leaves at once instead of by expiry. */
  leave(me: Incarnation): Promise<void>;
  /** Those whose heartbeat has not expired (30 s), in any order. */
  members(): Promise<readonly Incarnation[]>;
  read(shard: Shard): Promise<Lease | undefined>;
  /** Compare-and-set on the epoch read (undefined: never claimed). Undefined when another was faster. */
  claim(shard: Shard, me: Incarnation, read: Epoch | undefined): Promise<Epoch | undefined>;
  /** @throws {Fenced} the shard has another epoch by now. Returns the epoch's current token for the next call. */
  checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void>;
  /** Writes the last checkpoint and gives the shard up. @throws {Fenced} */
  release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void>;
}

export class Fenced extends Error {
  override readonly name = "Fenced";
}
