/** The memory inhabitant of Leases. Views share its state and differ in their faults. */
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import {
  type Checkpoint,
  type Epoch,
  Fenced,
  type Lease,
  type Leases,
  nextEpoch,
  type Standing,
} from "./leases.ts";
import { Membership } from "./membership.ts";

export interface MemoryLeasesOptions {
  readonly clock: Clock;
  readonly faults?: Faults;
}

class MemoryLeasesState {
  readonly membership: Membership;
  readonly watchers = new Set<(shard: Shard) => void>();
  readonly #leases = new Map<Shard, Lease>();

  constructor(clock: Clock) {
    this.membership = new Membership(clock);
  }

  read(shard: Shard): Lease | undefined {
    return this.#leases.get(shard);
  }

  claim(shard: Shard, me: Incarnation, read: Lease | undefined): Epoch | undefined {
    const lease = this.#leases.get(shard);
    if (lease !== read) return undefined;
    const epoch = nextEpoch(lease?.epoch);
    this.#leases.set(shard, { ...lease, owner: me, epoch });
    return epoch;
  }

  /** @throws {Fenced} */
  write(shard: Shard, lease: Lease): void {
    if (this.#leases.get(shard)?.epoch !== lease.epoch) {
      throw new Fenced(`Cannot write the checkpoint of shard ${shard}: it has another epoch`);
    }
    this.#leases.set(shard, lease);
    if (lease.owner === undefined) for (const released of this.watchers) released(shard);
  }
}

export class MemoryLeases implements Leases {
  readonly #state: MemoryLeasesState;
  readonly #faults: Faults | undefined;
  /** As they were read: a checkpoint told since then would be lost on who claims. */
  readonly #read = new Map<Shard, Lease | undefined>();

  constructor(options: MemoryLeasesOptions, state = new MemoryLeasesState(options.clock)) {
    this.#state = state;
    this.#faults = options.faults;
  }

  /** The same leases as another process sees them, with faults of its own. */
  view(options: MemoryLeasesOptions): MemoryLeases {
    return new MemoryLeases(options, this.#state);
  }

  heartbeat(me: Incarnation, standing: Standing) {
    return this.#at("heartbeat", () => this.#state.membership.hear(me, standing));
  }

  leave(me: Incarnation) {
    return this.#at("leave", () => this.#state.membership.forget(me));
  }

  members() {
    return this.#at("members", () => this.#state.membership.living());
  }

  watch(released: (shard: Shard) => void): () => void {
    const { watchers } = this.#state;
    const told = (shard: Shard) => {
      // A hint that the faults keep back is one that never comes.
      this.#at("released", () => released(shard)).catch(() => undefined);
    };
    watchers.add(told);
    return () => void watchers.delete(told);
  }

  read(shard: Shard) {
    return this.#at("read", () => {
      const lease = this.#state.read(shard);
      this.#read.set(shard, lease);
      return lease;
    });
  }

  claim(shard: Shard, me: Incarnation, read: Epoch | undefined) {
    return this.#at("claim", () => {
      const known = this.#read.get(shard);
      const lease = known?.epoch === read ? known : this.#state.read(shard);
      if (lease?.epoch !== read) return undefined;
      return this.#state.claim(shard, me, lease);
    });
  }

  checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint) {
    return this.#at("checkpoint", () => {
      const owner = this.#state.read(shard)?.owner;
      const lease = { epoch, checkpoint, ...(owner === undefined ? undefined : { owner }) };
      this.#state.write(shard, lease);
    });
  }

  release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint) {
    return this.#at("release", () => this.#state.write(shard, { epoch, checkpoint }));
  }

  #at<T>(operation: string, act: () => T): Promise<T> {
    return betweenFaults(this.#faults, { seam: "leases", operation }, act);
  }
}
