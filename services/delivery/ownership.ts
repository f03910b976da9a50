/**
 * Which shards this worker owns: no leader, everybody computes the same (DESIGN §5, ADR 0011).
 *
 *   members → candidates → those shards whose highest rendezvous hash is mine
 *   claim what is free or whose owner is gone; give back what another should have,
 *   and what was claimed but could not be taken over
 *
 * Each shard has one task at a time, beside the rounds: a hand-over that waits for a slow host keeps
 * nobody from taking over what a dead worker has left.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Epoch, Lease, Leases } from "#lib/leases/leases";
import { allShards, ownerOf } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation, Journal } from "#lib/stream/journal";
import { rejectOnAbort } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import { Turns } from "#lib/turns";
import { Candidates } from "./candidates.ts";
import type { Timings } from "./config.ts";
import type { DeliveryMetrics } from "./metrics.ts";

/** Claims at work at once: a takeover of many shards must not stall the worker (DESIGN §5). */
const claimsMax = 8;
const always = () => true;

export interface OwnershipPorts {
  readonly me: Incarnation;
  readonly shards: number;
  readonly leases: Leases;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<DeliveryMetrics, "takenOver">;
  readonly timings: Timings;
  readonly owned: () => readonly Shard[];
  readonly claimed: (shard: Shard, epoch: Epoch, lease: Lease | undefined) => Promise<void>;
  /** False when it could not be told that the shard is free. */
  readonly giveBack: (shard: Shard) => Promise<boolean>;
}

export class Ownership {
  readonly #ports: OwnershipPorts;
  readonly #candidates: Candidates;
  readonly #claims = new Turns(claimsMax);
  readonly #tasks = new Map<Shard, Promise<void>>();
  /** Claims and hand-overs that broke off: whether the shard is ours, and so kept from others, must be looked up. */
  readonly #brokenOff = new Set<Shard>();
  /** Claims without an answer, by the epoch they were to follow: as long as that is the last, they may come to stand. */
  readonly #unanswered = new Map<Shard, Epoch | undefined>();
  #cancel: CancelTimer | undefined;
  #unwatch: (() => void) | undefined;
  #isStopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
    this.#candidates = new Candidates(ports.clock, ports.timings.stableMembershipMs);
  }

  /** Resolves after the first round, and the claims of it. */
  async start(): Promise<void> {
    this.#unwatch = this.#ports.leases.watch((shard) => this.#released(shard));
    this.#round = this.#runRound();
    await this.#round;
    await this.#quiet();
  }

  /** No more claims; shards are given back by the worker. What is under way may end, until `limit` aborts. */
  async stop(limit: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#unwatch?.();
    await rejectOnAbort(this.#round, limit).catch(() => undefined);
    await rejectOnAbort(this.#quiet(), limit).catch(() => undefined);
  }

  async #quiet(): Promise<void> {
    await Promise.all(this.#tasks.values());
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
    const { leases, shards, me, owned } = this.#ports;
    const members = await leases.members();
    if (this.#isStopped) return;
    const candidates = this.#candidates.among(members);
    const mine = new Set(owned());
    for (const shard of allShards(shards)) {
      if (ownerOf(shard, candidates) === me) {
        if (!mine.has(shard)) this.#do(shard, () => this.#claim(shard));
      } else if (this.#isAnothers(shard, candidates)) {
        if (mine.has(shard)) this.#do(shard, () => this.#giveBack(shard));
        else if (this.#brokenOff.has(shard)) this.#do(shard, () => this.#letGo(shard));
        else if (this.#isNewcomers(shard, candidates))
          this.#do(shard, () => this.#claimOfDead(shard));
      }
    }
  }

  /** Whoever should have it cannot know for a while that its owner is dead; of those who know, I am next. */
  #isNewcomers(shard: Shard, candidates: readonly Incarnation[]): boolean {
    const knowing = this.#candidates.knowing(candidates);
    const owner = ownerOf(shard, candidates);
    if (owner === undefined || knowing.includes(owner)) return false;
    return ownerOf(shard, knowing) === this.#ports.me;
  }

  /** A newcomer does not count for itself yet, but may have got a shard that was released. */
  #isAnothers(shard: Shard, candidates: readonly Incarnation[]): boolean {
    const { me } = this.#ports;
    const owner = ownerOf(shard, candidates.includes(me) ? candidates : [...candidates, me]);
    return owner !== me;
  }

  /** At once, not in the next round: until it is claimed nobody delivers its mail. */
  #released(shard: Shard): void {
    this.#do(shard, async () => {
      const { leases, me, log } = this.#ports;
      try {
        const members = await leases.members();
        if (ownerOf(shard, this.#candidates.withNewcomers(members)) === me)
          await this.#claim(shard);
      } catch (error) {
        log.error("ownership_round_failed", { error: String(error) });
      }
    });
  }

  #do(shard: Shard, task: () => Promise<void>): void {
    if (this.#isStopped || this.#tasks.has(shard)) return;
    const done = task().finally(() => this.#tasks.delete(shard));
    this.#tasks.set(shard, done);
  }

  async #giveBack(shard: Shard): Promise<void> {
    if (!(await this.#ports.giveBack(shard))) this.#brokenOff.add(shard);
  }

  /** Nobody else claims what is under the name of a living worker. */
  async #letGo(shard: Shard): Promise<void> {
    const { leases, me, log } = this.#ports;
    try {
      const lease = await leases.read(shard);
      if (lease?.owner === me) {
        await leases.release(shard, lease.epoch, lease.checkpoint ?? { floor: 0, journals: [] });
        log.info("shard_let_go", { shard });
      } else if (this.#mayComeToStand(shard, lease)) return;
      this.#brokenOff.delete(shard);
    } catch (error) {
      log.error("shard_release_failed", { shard, error: String(error) });
    }
  }

  #mayComeToStand(shard: Shard, lease: Lease | undefined): boolean {
    return this.#unanswered.has(shard) && this.#unanswered.get(shard) === lease?.epoch;
  }

  /** Asked behind its lease: it may have come, and claimed, while this claim waited for its turn. */
  async #isAlive(owner: Incarnation): Promise<boolean> {
    const members = await this.#ports.leases.members();
    return members.some(({ incarnation }) => incarnation === owner);
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

  /** To give it to the newcomer in good order, in the next round. What is free, that claims itself. */
  #claimOfDead(shard: Shard): Promise<void> {
    return this.#claim(shard, ({ owner }) => owner !== undefined && owner !== this.#ports.me);
  }

  async #claim(shard: Shard, mayBe: (read: Partial<Lease>) => boolean = always): Promise<void> {
    const { log } = this.#ports;
    try {
      await this.#claims.run(1, () => this.#claimOne(shard, mayBe));
    } catch (error) {
      this.#brokenOff.add(shard);
      log.error("shard_claim_failed", { shard, error: String(error) });
    }
  }

  async #claimOne(shard: Shard, mayBe: (read: Partial<Lease>) => boolean): Promise<void> {
    const { leases, me, log, metrics, clock, claimed, owned } = this.#ports;
    if (this.#isStopped || owned().includes(shard)) return;
    const read = await leases.read(shard);
    if (!mayBe(read ?? {})) return;
    const { owner } = read ?? {};
    const isForeign = owner !== undefined && owner !== me;
    // Its owner lives and will give it back in good order.
    if (isForeign && (await this.#isAlive(owner))) return;
    const lease = isForeign ? await this.#sealed(shard, owner) : read;
    if (isForeign && lease === undefined) return;
    const since = clock.monotonic();
    this.#unanswered.set(shard, lease?.epoch);
    const epoch = await leases.claim(shard, me, lease?.epoch);
    this.#unanswered.delete(shard);
    if (epoch === undefined) return;
    await claimed(shard, epoch, lease);
    this.#brokenOff.delete(shard);
    const durationMs = clock.monotonic() - since;
    metrics.takenOver(durationMs);
    const fields = { shard, epoch, from: owner, duration_ms: Math.round(durationMs) };
    log.info("shard_claimed", fields);
  }
}
