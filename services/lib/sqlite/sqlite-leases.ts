/**
 * The embedded inhabitant of Leases. Who lives is known to the process; what it owns outlives it.
 */
import type { Clock } from "#lib/clock";
import {
  type Checkpoint,
  type Epoch,
  Fenced,
  type Lease,
  type Leases,
  type Member,
  type Standing,
} from "#lib/leases/leases";
import { Membership } from "#lib/leases/membership";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { QueueFailure, type QueueThread } from "./queue-thread.ts";

export class SqliteLeases implements Leases {
  readonly #thread: QueueThread;
  readonly #membership: Membership;

  constructor(thread: QueueThread, clock: Clock) {
    this.#thread = thread;
    this.#membership = new Membership(clock);
  }

  async heartbeat(me: Incarnation, standing: Standing): Promise<void> {
    this.#membership.hear(me, standing);
  }

  async leave(me: Incarnation): Promise<void> {
    this.#membership.forget(me);
  }

  async members(): Promise<readonly Member[]> {
    return this.#membership.living();
  }

  /** Nobody else is there to be told. */
  watch(): () => void {
    return () => {};
  }

  read(shard: Shard): Promise<Lease | undefined> {
    return this.#thread.call("readLease", shard);
  }

  claim(shard: Shard, me: Incarnation, read: Epoch | undefined): Promise<Epoch | undefined> {
    return this.#thread.call("claim", shard, me, read);
  }

  checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void> {
    return fencing(this.#thread.call("checkpoint", shard, epoch, checkpoint));
  }

  release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): Promise<void> {
    return fencing(this.#thread.call("release", shard, epoch, checkpoint));
  }
}

async function fencing(asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof QueueFailure && error.reason === "Fenced") throw new Fenced(error.message);
    throw error;
  }
}
