/**
 * Workers with real limits over a bus that loses, delays and repeats, with crashes, pauses, shards
 * that are handed over, and a clock for each (ADR 0012, 0013). Counted from outside.
 */
import { epochOf, type Lease } from "#lib/leases/leases";
import type { ConnectionLimit, RateLimit } from "#lib/limits/limit";
import type { Rate } from "#lib/limits/rate";
import { allShards } from "#lib/queue/shard";
import type { Shard } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import { type Incarnation, incarnationOf } from "#lib/stream/journal";
import { VirtualClock } from "#lib/virtual-clock";
import { SentLog } from "../sent-log.ts";
import { driftingClock } from "./drifting-clock.ts";
import { LossyBus, type LossyBusOptions } from "./lossy-bus.ts";
import { Machine } from "./machine.ts";

/** A bug, for a test that shows that it is seen. */
export interface LimitsPlant {
  readonly bus?: Pick<LossyBusOptions, "mangled" | "echo" | "mangledAnswer">;
  /** What the next owner is told of a shard that was lost. */
  readonly lease?: (crashed: Lease) => Lease | undefined;
}

export interface LimitsWorldOptions {
  readonly random: Random;
  readonly rate: Rate;
  readonly connections: number;
  /** Of each shard's own limit. */
  readonly own: Rate;
  /** Messages that each worker gets in a second. */
  readonly perSecond: readonly number[];
  readonly isFaulty: boolean;
  /** Wake-ups come late by 1 ms to so many; absent: in time. */
  readonly lateMs?: number;
  readonly plant?: LimitsPlant;
}

/** Clocks run so much faster or slower at most. */
export const driftMax = 0.009;
const shards = 3;
const harmEveryMs = 50;

export class LimitsWorld {
  readonly clock = new VirtualClock();
  readonly bus: LossyBus;
  readonly sent = new SentLog();
  readonly ownSent = new Map<Shard, SentLog>(allShards(shards).map((s) => [s, new SentLog()]));
  openMax = 0;
  readonly #options: LimitsWorldOptions;
  readonly #rate: RateLimit;
  readonly #connections: ConnectionLimit;
  readonly #own: RateLimit;
  /** A place each; another incarnation stands there after a crash. */
  readonly #machines: Machine[] = [];
  readonly #members = new Set<Incarnation>();
  readonly #lostAlready = new Set<Incarnation>();
  #incarnations = 0;
  #isFaulty = false;

  constructor(options: LimitsWorldOptions) {
    this.#options = options;
    const { clock, random } = { ...this, ...options };
    this.bus = new LossyBus({
      clock,
      random,
      isFaulty: () => this.#isFaulty,
      ...options.plant?.bus,
    });
    const named = { name: "all", provenance: "drawn" } as const;
    this.#rate = { ...named, scope: ["provider"], kind: "messages", rate: options.rate };
    this.#own = { ...named, scope: ["destination"], kind: "messages", rate: options.own };
    const max = options.connections;
    this.#connections = { ...named, scope: ["provider"], kind: "connections", max };
    for (const place of options.perSecond.keys()) this.#start(place);
    for (const shard of allShards(shards)) this.#claim(shard, undefined);
    this.#isFaulty = options.isFaulty;
    if (options.isFaulty) this.#harm();
  }

  run(seconds: number): Promise<void> {
    return this.clock.advance(seconds * 1_000);
  }

  /** Each shard moves, in good order. */
  handOverAll(gapMs: number): void {
    for (const shard of allShards(shards)) this.#handOver(shard, gapMs);
  }

  #harm(): void {
    const { random } = this.#options;
    const chance = random.next();
    if (chance < 0.005) this.#crash(random.below(this.#machines.length));
    else if (chance < 0.01) {
      this.#handOver(pick(allShards(shards), random), random.below(1_000));
    } else if (chance < 0.014) this.#pause(pick(this.#machines, random), random.below(12_000));
    else if (chance < 0.0145) this.#pause(pick(this.#machines, random), 31_000);
    this.clock.after(harmEveryMs, () => this.#harm());
  }

  #start(place: number): void {
    const { random, perSecond, lateMs: most = 0 } = this.#options;
    const lateMs = () => (most === 0 ? 0 : 1 + random.next() * (most - 1));
    this.#incarnations += 1;
    const me = incarnationOf(`w${place}`, String(this.#incarnations));
    const speed = this.#options.isFaulty ? 1 + driftMax * (2 * random.next() - 1) : 1;
    this.#members.add(me);
    this.#machines[place] = new Machine({
      me,
      clock: driftingClock(this.clock, { offsetMs: random.below(1_000_000), speed, lateMs }),
      random,
      bus: this.bus,
      shards,
      members: async () =>
        [...this.#members].map((name) => ({ incarnation: name, standing: "staying", silentMs: 0 })),
      rate: this.#rate,
      connections: this.#connections,
      own: this.#own,
      perSecond: perSecond[place] ?? 0,
      sent: (what) => {
        const log = what === "rate" ? this.sent : this.ownSent.get(what);
        log?.add(this.clock.monotonic(), 1);
      },
      opened: () => this.#count(),
    });
  }

  /** A machine that others took for dead has no connection that counts. */
  #count(): void {
    const counted = this.#machines.filter(({ me }) => this.#members.has(me));
    const open = counted.reduce((sum, { open: each }) => sum + each, 0);
    this.openMax = Math.max(this.openMax, open);
  }

  #claim(shard: Shard, lease: Lease | undefined): void {
    const { random } = this.#options;
    const running = this.#machines.filter(({ life, isOver }) => !life.isPaused && !isOver);
    if (running.length === 0) {
      this.clock.after(100, () => this.#claim(shard, lease));
      return;
    }
    pick(running, random).own(shard, lease);
  }

  #handOver(shard: Shard, gapMs: number): void {
    const owner = this.#machines.find(({ owned, life }) => owned.has(shard) && !life.isPaused);
    if (owner === undefined) return;
    const limits = owner.handOver(shard);
    const checkpoint = { floor: 0, journals: [], ...(limits === undefined ? {} : { limits }) };
    this.clock.after(gapMs, () => this.#claim(shard, { epoch: epochOf(1), checkpoint }));
  }

  #crash(place: number): void {
    const machine = this.#machines[place];
    if (machine === undefined) return;
    this.#lost(machine);
    machine.end();
    this.#start(place);
  }

  /** Its shards are claimed by others, and all hear that it is gone, some time later. */
  #lost({ me, owned }: Machine): void {
    const { random, plant } = this.#options;
    if (this.#lostAlready.has(me)) return;
    this.#lostAlready.add(me);
    const crashed: Lease = { epoch: epochOf(1), owner: me };
    for (const shard of owned.keys()) {
      const lease = plant?.lease === undefined ? crashed : plant.lease(crashed);
      this.clock.after(random.below(5_000), () => this.#claim(shard, lease));
    }
    this.clock.after(random.below(5_000), () => void this.#members.delete(me));
  }

  #pause(machine: Machine, ms: number): void {
    if (machine.life.isPaused || machine.isOver) return;
    machine.life.pause();
    // 30 s on the slowest clock.
    if (ms > 30_300) {
      this.clock.after(30_300, () => {
        if (!machine.life.isDead) this.#lost(machine);
      });
    }
    this.clock.after(ms, () => {
      if (machine.life.isDead) return;
      machine.life.resume();
      if (!machine.isOver) return;
      machine.end();
      this.#start(this.#machines.indexOf(machine));
    });
  }
}

function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[random.below(from.length)];
  if (picked === undefined) throw new Error("there is something to pick");
  return picked;
}
