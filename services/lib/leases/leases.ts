/** Seam: which shards are mine, under which epoch. */
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";

/** A fencing token: rises with every claim of a shard. */
export type Epoch = number & { readonly __brand: "Epoch" };

/** One that was written down. */
export function epochOf(count: number): Epoch {
  return count as Epoch;
}

export function nextEpoch(last: Epoch | undefined): Epoch {
  return ((last ?? 0) + 1) as Epoch;
}

/** A place in a journal: what lies behind `position` must be replayed. */
export interface JournalMark {
  readonly writer: Incarnation;
  readonly position: number;
}

/** How far a shard's log and its owners' journals are done with. */
export interface Checkpoint {
  /** Every entry of the log up to here is settled. */
  readonly floor: number;
  /**
   * Journals that tell which entries above the floor are settled: the owner's own, and its
   * predecessor's until the floor has passed what that one settled. An owner writes a checkpoint
   * with its own journal in it before it settles anything, so no journal is ever forgotten.
   */
  readonly journals: readonly JournalMark[];
  /**
   * Told with an orderly release: what is behind this sequence was surely not deferred by anybody.
   * Absent: everything that is in the log may have been.
   */
  readonly suspectThrough?: number;
  /**
   * Told with an orderly release: where the limits of the shard stand (`proto/limits/handed-limits`).
   * Absent: they are taken as after a crash.
   */
  readonly limits?: Uint8Array;
  /** Of which log it tells (`LogOrigin`). Absent: that is not known. */
  readonly log?: string;
}

export interface Lease {
  /** Absent after an orderly release. */
  readonly owner?: Incarnation;
  readonly epoch: Epoch;
  readonly checkpoint?: Checkpoint;
}

/** `leaving`: it lives and hands its shards over, so nobody counts on it for what comes. */
export type Standing = "staying" | "leaving";

export interface Member {
  readonly incarnation: Incarnation;
  readonly standing: Standing;
  /** Since it was last heard of. */
  readonly silentMs: number;
}

export interface Leases {
  /** Tells that `me` lives. Rejects when that could not be recorded. */
  heartbeat(me: Incarnation, standing: Standing): Promise<void>;
  /** Is gone at once instead of by expiry. */
  leave(me: Incarnation): Promise<void>;
  /**
   * Those whose heartbeat has not expired (30 s), in any order. Rejects when that cannot be told for
   * sure: nobody is called dead because we do not hear.
   */
  members(): Promise<readonly Member[]>;
  /**
   * Tells of shards that were released, until the result is called. A hint that may come late,
   * twice, or never.
   */
  watch(released: (shard: Shard) => void): () => void;
  read(shard: Shard): Promise<Lease | undefined>;
  /**
   * Compare-and-set on what was read, whose epoch `read` is (undefined: never claimed). Undefined
   * when another was faster. After a rejection the claim may stand, or may come to stand.
   */
  claim(shard: Shard, me: Incarnation, read: Epoch | undefined): Promise<Epoch | undefined>;
  /**
   * @throws {Fenced} the shard has another epoch by now.
   */
  checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void>;
  /** Writes the last checkpoint and gives the shard up. @throws {Fenced} */
  release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void>;
}

export class Fenced extends Error {
  override readonly name = "Fenced";
}
