/**
 * Which shards this worker owns: no leader, everybody computes the same (DESIGN §5).
 *
 *   members → those shards whose highest rendezvous hash is mine, once membership is stable
 *   claim what is free or whose owner is gone; give back what another should have,
 *   and what was claimed but could not be taken over
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Epoch, Lease, Leases } from "#lib/leases/leases";
import { allShards, ownerOf } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation, Journal } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import type { Timings } from "./config.ts";

/** Claims made in one round: a takeover of many shards must not stall the worker (DESIGN §5). */
const claimsPerRoundMax = 8;

export interface OwnershipPorts {
  readonly me: Incarnation;
  readonly shards: number;
  readonly leases: Leases;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly timings: Timings;
  readonly owned: () => readonly Shard[];
  readonly claimed: (shard: Shard, epoch: Epoch, lease: Lease | undefined) => Promise<void>;
  /** False when it could not be told that the shard is free. */
  readonly giveBack: (shard: Shard) => Promise<boolean>;
}

export class Ownership {
  readonly #ports: OwnershipPorts;
  #cancel: CancelTimer | undefined;
  #isStopped = false;
  #membersKey = "";
  #stableSince: number;
  #round: Promise<void> = Promise.resolve();
  /** Claims and hand-overs that broke off: whether the shard is ours, and so kept from others, must be looked up. */
  readonly #brokenOff = new Set<Shard>();

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
    this.#stableSince = ports.clock.monotonic();
  }

  /** Resolves after the first round. */
  start(): Promise<void> {
    this.#round = this.#runRound();
    return this.#round;
  }

  /** No more claims; shards are given back by the worker. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#round;
  }

  async #runRound(): Promise<void> {
    const { clock, timings, log } = this.#ports;
    try {
      await this.#once();
    } catch (error) {
      log.error("ownership_round_failed", { error: String(error) });
    }
    if (this.#isStopped) return;
    this.#cancel = clock.after(timings.heartbeatMs, () => {
      this.#round = this.#runRound();
    });
  }

  async #once(): Promise<void> {
    const { leases, clock, timings } = this.#ports;
    const members = (await leases.members()).map(({ incarnation }) => incarnation).sort();
    const key = members.join(" ");
    if (key !== this.#membersKey) {
      this.#membersKey = key;
      this.#stableSince = clock.monotonic();
    }
    if (clock.monotonic() - this.#stableSince < timings.stableMembershipMs) return;
    await this.#giveBack(members);
    await this.#claim(members);
  }

  async #giveBack(members: readonly Incarnation[]): Promise<void> {
    const { owned, me, giveBack } = this.#ports;
    const foreign = owned().filter((shard) => ownerOf(shard, members) !== me);
    await Promise.all(
      foreign.map(async (shard) => {
        if (!(await giveBack(shard))) this.#brokenOff.add(shard);
      }),
    );
    const stranded = [...this.#brokenOff].filter((shard) => ownerOf(shard, members) !== me);
    await Promise.all(stranded.map((shard) => this.#letGo(shard)));
  }

  /** Nobody else claims what is under the name of a living worker. */
  async #letGo(shard: Shard): Promise<void> {
    const { leases, me, log } = this.#ports;
    const lease = await leases.read(shard);
    if (lease?.owner === me) {
      await leases.release(shard, lease.epoch, lease.checkpoint ?? { floor: 0, journals: [] });
      log.info("shard_let_go", { shard });
    }
    this.#brokenOff.delete(shard);
  }

  async #claim(members: readonly Incarnation[]): Promise<void> {
    const { shards, me, owned } = this.#ports;
    const mine = new Set(owned());
    const wanted = allShards(shards).filter(
      (shard) => !mine.has(shard) && ownerOf(shard, members) === me,
    );
    for (let at = 0; at < wanted.length && !this.#isStopped; at += claimsPerRoundMax) {
      const round = wanted.slice(at, at + claimsPerRoundMax);
      await Promise.all(round.map((shard) => this.#claimOne(shard, members)));
    }
  }

  /**
   * Ends the journal of a dead owner, and reads what it left; undefined when another was faster.
   * Before the claim: whoever claims and fails must not stand between a journal that is still open
   * and the one who comes after. And the lease is read behind the seal: the dead owner may have
   * told its first checkpoint, and settled by it, since it was read before.
   */
  async #sealed(shard: Shard, owner: Incarnation): Promise<Lease | undefined> {
    const { journal, leases } = this.#ports;
    await journal.seal(owner);
    const lease = await leases.read(shard);
    return lease?.owner === owner ? lease : undefined;
  }

  async #claimOne(shard: Shard, members: readonly Incarnation[]): Promise<void> {
    const { leases, me, log, claimed } = this.#ports;
    try {
      const read = await leases.read(shard);
      const { owner } = read ?? {};
      const isForeign = owner !== undefined && owner !== me;
      // Its owner lives and will give it back in good order.
      if (isForeign && members.includes(owner)) return;
      const lease = isForeign ? await this.#sealed(shard, owner) : read;
      if (isForeign && lease === undefined) return;
      const epoch = await leases.claim(shard, me, lease?.epoch);
      if (epoch === undefined) return;
      await claimed(shard, epoch, lease);
      this.#brokenOff.delete(shard);
      log.info("shard_claimed", { shard, epoch, from: owner });
    } catch (error) {
      this.#brokenOff.add(shard);
      log.error("shard_claim_failed", { shard, error: String(error) });
    }
  }
}
