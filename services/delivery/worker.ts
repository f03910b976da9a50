/**
 * The delivery worker: owns shards, attempts their mail, and starts afresh as a new incarnation
 * when another worker has sealed its journal.
 */

import type { Measure } from "#lib/automation/measure";
import type { CancelTimer } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import type { Epoch, Lease } from "#lib/leases/leases";
import type { UnitEvent } from "#lib/queue/event";
import { shardOf } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Hold } from "#lib/store/store";
import type { Incarnation } from "#lib/stream/journal";
import type { Changed } from "#proto/admin";
import { adminHandler } from "./admin/handler.ts";
import { type WaitingCount, waitingCounts } from "./admin/waiting-counts.ts";
import { Attempts } from "./attempt/attempt.ts";
import { NextHops } from "./attempt/next-hops.ts";
import { SessionPool } from "./attempt/session-pool.ts";
import { tellMeasure } from "./automation/measure-events.ts";
import { Measures } from "./automation/measures.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Sources } from "./egress/sources.ts";
import { HandOvers } from "./hand-overs.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Holds } from "./holds.ts";
import { WorkerLimits } from "./limits/worker-limits.ts";
import { Ownership } from "./ownership.ts";
import { Locating } from "./path/locating.ts";
import { type Path, Paths } from "./path/paths.ts";
import { Sites } from "./path/site.ts";
import type { DeliveryPorts, WorkerPorts } from "./ports.ts";
import { Notifier } from "./settlement/notifier.ts";
import { JournalWriter } from "./shard/journal-writer.ts";
import { ShardOwner } from "./shard/owner.ts";
import { Room } from "./shard/room.ts";
import { KnownSuppressions } from "./suppression/known-suppressions.ts";
import { Tenure } from "./tenure.ts";

/** From a measure's start or end to the look at all that waits: it costs as much as that is. */
const measuresLookMs = 100;

/** What binds it, as far as it was read. */
export interface Known {
  readonly holds?: readonly Hold[] | undefined;
  readonly measures?: readonly Measure[] | undefined;
}

/** One incarnation: from its first claim to its seal or stop. */
export class Worker {
  readonly #ports: WorkerPorts;
  readonly #writer: JournalWriter;
  readonly #ownership: Ownership;
  readonly #heartbeats: Heartbeats;
  readonly #holds: Holds;
  readonly #owners = new Map<Shard, { owner: ShardOwner; unserve: () => void }>();
  readonly #onLost: () => void;
  readonly #hasOwnSuppressions: boolean;
  #unserve: (() => void) | undefined;
  readonly #handOvers: HandOvers;
  #stopping: Promise<void> | undefined;
  #isOver = false;
  /** Set while a look at all that waits is due. */
  #cancelLook: CancelTimer | undefined;

  constructor(me: Incarnation, ports: DeliveryPorts, onLost: () => void) {
    this.#ports = incarnate(me, ports);
    this.#hasOwnSuppressions = ports.suppressions === undefined;
    this.#onLost = onLost;
    const { journal, clock, log, config, events } = ports;
    this.measures.onChange((change) => tellMeasure(events, change, clock.now()));
    this.#writer = new JournalWriter({
      journal,
      writer: me,
      clock,
      log,
      retryMs: config.timings.storeRetryMs,
      appended: (durationMs) => ports.metrics.journaled(durationMs),
      pause: (isPaused) => this.#ports.dispatcher.pause("journal", isPaused),
      onSealed: (unrecorded) => this.#sealed(unrecorded),
    });
    this.#handOvers = new HandOvers({
      ...ports,
      timings: config.timings,
      ownerOf: (shard) => this.#owners.get(shard)?.owner,
      done: (shard) => this.#disown(shard),
    });
    this.#ownership = new Ownership({
      ...this.#ports,
      shards: config.shards,
      timings: config.timings,
      owned: () => [...this.#owners.keys()],
      claimed: (shard, epoch, lease) => this.#claimed(shard, epoch, lease),
      giveBack: (shard) => this.#handOvers.giveBack(shard),
    });
    this.#holds = new Holds({
      ...this.#ports,
      retryMs: config.timings.storeRetryMs,
      ownerOf: (destination) => this.#ownerOf(destination),
    });
    this.measures.onChange(() => this.#shapingChangesSoon());
    this.#heartbeats = new Heartbeats({
      ...this.#ports,
      timings: config.timings,
      pause: (isPaused) => this.#ports.dispatcher.pause("tenure", isPaused),
      dropUncommitted: () => this.#ports.attempts.dropUncommitted(),
      expired: () => this.#lost("tenure_expired"),
    });
  }

  get owners(): readonly ShardOwner[] {
    return [...this.#owners.values()].map(({ owner }) => owner);
  }

  /** Since its last heartbeat that was heard: nothing new is started after 15 s (DESIGN §5). */
  get silentMs(): number {
    return this.#ports.tenure.silentMs;
  }

  get limits(): WorkerLimits {
    return this.#ports.limits;
  }

  get sessions(): { readonly running: number; readonly idle: number } {
    return { running: this.#ports.dispatcher.sessions, idle: this.#ports.pool.size };
  }

  get connections(): readonly Path[] {
    return this.#ports.attempts.connections.paths;
  }

  get coolingSources(): readonly string[] {
    return this.#ports.sources.cooling;
  }

  /** What waits, by reason. */
  get waiting(): readonly WaitingCount[] {
    return waitingCounts(this.owners, this.#ports.dispatcher);
  }

  get known(): Known {
    return { holds: this.#holds.known, measures: this.measures.known };
  }

  /** What rules have set. */
  get measures(): Measures {
    return this.#ports.measures;
  }

  /**
   * Resolves when the first round of claims is through. `earlier` is what the process knew in its
   * last incarnation.
   */
  async start(earlier: Known = {}): Promise<void> {
    const { bus, me: name, limits } = this.#ports;
    const handler = limits.handler(adminHandler(this, this.#ports));
    const shards = () => [...this.#owners.keys()];
    this.#unserve = bus.serveWorker({ name, shards, handler });
    this.#ports.suppressions.start();
    await this.#heartbeats.start();
    await Promise.all([this.#holds.start(earlier.holds), this.measures.start(earlier.measures)]);
    // Stopped, or lost, while it waited: they are not known.
    if (this.#isOver) return;
    await this.#ownership.start();
  }

  /** Hands every shard over in good order. Stopping twice is stopping once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#isOver ? Promise.resolve() : this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { limit } = this.#handOvers;
    const unlimited = this.#handOvers.limitTime();
    // Unheard it is no reason to wait: whoever does not know it counts on us for some seconds more.
    await this.#handOvers.inTime("leaving_unheard", () => this.#heartbeats.leaving());
    const noMoreClaims = this.#ownership.stop(limit);
    await this.#giveBackAll();
    await noMoreClaims;
    await this.#giveBackAll();
    unlimited();
    this.#ports.limits.giveBack();
    this.#end();
    await this.#leave();
  }

  async #giveBackAll(): Promise<void> {
    const shards = [...this.#owners.keys()];
    await Promise.all(shards.map((shard) => this.#handOvers.giveBack(shard)));
  }

  /**
   * Whoever is not heard of any more is forgotten soon; who leaves at once. But not while a write to
   * the store is on its way, which no seal of our journal keeps out.
   */
  async #leave(): Promise<void> {
    const { leases, me } = this.#ports;
    if (!(await this.#handOvers.areQuiet())) return;
    await this.#handOvers.inTime("leave_failed", () => leases.leave(me));
  }

  /** Binds at once; the store makes it last. */
  hold(hold: Hold): Changed {
    return this.#holds.hold(hold);
  }

  release(destination: Destination): Changed {
    return this.#holds.release(destination);
  }

  /**
   * Limits, sources or what rules hold are others now: what is open counts under them, and who waits asks
   * anew.
   */
  shapingChanged(): void {
    const { attempts, paths, limits, sources } = this.#ports;
    attempts.retire(sources.reload());
    attempts.connections.rebind((path) =>
      this.#owners.has(path.shard) ? paths.boundNow(path) : undefined,
    );
    limits.wakeAll();
    for (const owner of this.owners) owner.shapingChanged();
  }

  /**
   * A storm of refusals sets hundreds of things in a moment: one look is for all of them. What binds
   * binds before it: only who waits, and what is open, is seen to a little later.
   */
  #shapingChangesSoon(): void {
    this.#cancelLook ??= this.#ports.clock.after(measuresLookMs, () => {
      this.#cancelLook = undefined;
      this.shapingChanged();
    });
  }

  lookForSuppressions(): Promise<void> {
    return this.#ports.suppressions.look();
  }

  #ownerOf(destination: Destination): ShardOwner | undefined {
    return this.#owners.get(shardOf(destination, this.#ports.config.shards))?.owner;
  }

  async #claimed(shard: Shard, epoch: Epoch, lease: Lease | undefined): Promise<void> {
    const holds = this.#holds.all;
    const owner = await ShardOwner.start(
      { shard, epoch, lease, holds },
      { ...this.#ports, writer: this.#writer, onFenced: () => this.#fenced(shard) },
    );
    if (this.#isOver) {
      owner.fence();
      this.#ports.limits.close(shard);
      return;
    }
    const scope = {
      owners: [owner],
      measures: this.measures,
      hold: (hold: Hold) => this.hold(hold),
      release: (destination: Destination) => this.release(destination),
      lookForSuppressions: () => this.lookForSuppressions(),
    };
    const { bus, limits } = this.#ports;
    const handler = limits.handler(adminHandler(scope, this.#ports), shard);
    const unserve = bus.serveShard(shard, handler);
    this.#owners.set(shard, { owner, unserve });
    this.#holds.catchUp(owner, holds);
  }

  #disown(shard: Shard): void {
    this.#ports.limits.close(shard);
    this.#owners.get(shard)?.unserve();
    this.#owners.delete(shard);
  }

  #fenced(shard: Shard): void {
    const owned = this.#owners.get(shard);
    if (owned === undefined) return;
    this.#ports.log.warn("shard_fenced", { shard });
    owned.owner.fence();
    this.#disown(shard);
  }

  /** What was delivered and is not recorded is delivered again by whoever has the shard now. */
  #sealed(unrecorded: readonly UnitEvent[]): void {
    const sent = unrecorded.flatMap(({ recipients }) => recipients);
    const delivered = sent.filter(({ outcome }) => outcome === "delivered").length;
    if (delivered > 0) {
      this.#ports.metrics.inDoubt(delivered);
      this.#ports.log.warn("unrecorded_in_doubt", { recipients: delivered });
    }
    this.#lost("journal_sealed");
  }

  /** Another worker took us for dead: nothing of this incarnation counts any more. */
  #lost(event: "journal_sealed" | "tenure_expired"): void {
    if (this.#isOver) return;
    this.#ports.log.warn(event, { writer: this.#ports.me });
    for (const shard of [...this.#owners.keys()]) this.#fenced(shard);
    this.#ports.attempts.dropUncommitted();
    this.#end();
    void this.#ownership.stop(this.#handOvers.limit);
    this.#onLost();
  }

  #end(): void {
    this.#isOver = true;
    this.#heartbeats.stop();
    this.#holds.stop();
    this.measures.stop();
    this.#cancelLook?.();
    this.#unserve?.();
    if (this.#hasOwnSuppressions) this.#ports.suppressions.stop();
    this.#ports.pool.close();
    this.#ports.limits.stop();
  }
}

function incarnate(me: Incarnation, ports: DeliveryPorts): WorkerPorts {
  const { clock, config, transport } = ports;
  const { timings } = config;
  const pool = new SessionPool(clock);
  const nextHops = new NextHops(ports);
  const deadlines = new Deadlines(clock);
  const tenure = new Tenure(clock, timings.dropWithoutHeartbeatMs);
  const isOver = () => tenure.isExpired;
  const limits = new WorkerLimits({
    ...{ ...ports, me, tenure },
    closeIdle: (key, most) =>
      pool.evict((session) => attempts.connections.holds(session, key), most),
  });
  const sources: Sources = new Sources({
    clock,
    config,
    isAvoided: (subject) => measures.isAvoided(subject),
    avoidance: () => measures.generation,
    onUnknownPool: (pool, { uid }) => ports.log.warn("pool_unknown", { pool, uid }),
  });
  const rules = () => config.shaping().automation;
  const measures = new Measures({ ...ports, me, retryMs: timings.storeRetryMs, rules });
  const attempts: Attempts = new Attempts({
    log: ports.log,
    ...{
      transport,
      clock,
      deadlines,
      timings,
      config,
      nextHops,
      pool,
      limits,
      measures,
      sources,
      isOver,
      me,
    },
  });
  return {
    ...ports,
    me,
    tenure,
    pool,
    nextHops,
    measures,
    limits,
    paths: new Paths({ shaping: config.shaping, limits, measures }),
    locating: new Locating(new Sites(ports)),
    sources,
    room: new Room(config.limits.workerBytesMax, config.shards),
    dispatcher: new Dispatcher(config.limits.sessionsMax),
    attempts,
    suppressions:
      ports.suppressions ??
      new KnownSuppressions({
        ...ports,
        list: ports.store.suppressions,
        retryMs: timings.storeRetryMs,
      }),
    notifier: new Notifier({
      ...ports,
      hostname: config.hostname,
      lifetimeMs: config.retry.notificationLifetimeMs,
    }),
  };
}
