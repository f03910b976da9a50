/**
 * The counts of a shard's limits (ADR 0012): what is under way, not what is known. Nothing is
 * shared with other shards; it moves with its shard.
 */
import { assert } from "#lib/assert";
import { type BoundLimit, boundTo, type Counts } from "./acquire.ts";
import { ForgetfulMap } from "./forgetful-map.ts";
import { type CountedLimit, type Demand, isShared, type RateKind, type Subject } from "./limit.ts";
import { changedPace, earliestAt, type Meter, type Pace, take } from "./meter.ts";

/** In times that mean the same on another machine. */
export interface Snapshot {
  readonly unpaid: readonly Unpaid[];
  /** What is not named may still be unpaid since a crash before the hand-over. */
  readonly crash: { readonly agoMs: number; readonly demandMax: Demand } | undefined;
}

interface Unpaid {
  readonly key: string;
  readonly aheadMs: number;
  readonly intervalMs: number;
}

interface Crash {
  readonly at: number;
  /** The most that one decision costs. */
  readonly demandMax: Demand;
}

export class LimitTable implements Counts {
  readonly #meters = new ForgetfulMap<Meter>(({ paidAt }, now) => paidAt <= now);
  readonly #connections = new Map<string, number>();
  readonly #crash: Crash | undefined;
  #open = 0;
  #isClosed = false;

  /** `crash`: the counts of the former owner are lost; taken as used up at that time. */
  constructor(crash?: Crash) {
    this.#crash = crash;
  }

  /** The table of a shard that was handed over; the pause counts as no time. */
  static restored(snapshot: Snapshot, now: number): LimitTable {
    const { unpaid, crash } = snapshot;
    const table = new LimitTable(
      crash === undefined ? undefined : { at: now - crash.agoMs, demandMax: crash.demandMax },
    );
    for (const { key, aheadMs, intervalMs } of unpaid) {
      table.#meters.set(key, { paidAt: now + aheadMs, intervalMs }, now);
    }
    return table;
  }

  /** States that are held in memory. */
  get size(): number {
    return this.#meters.size + this.#connections.size;
  }

  /** Those of the limits that apply to a subject and are not shared with other shards. */
  bind(limits: readonly CountedLimit[], subject: Subject): readonly BoundLimit[] {
    const own = limits.filter((limit) => !isShared(limit));
    return boundTo(this, own, subject);
  }

  /** Connections that are open, or what of a rate is not paid for yet. */
  taken({ limit, key, pace }: BoundLimit, now: number): number {
    if (limit.kind === "connections") return this.#connections.get(key) ?? 0;
    assert(pace !== undefined, "a rate has a pace");
    const paidAt = this.#meters.get(key)?.paidAt ?? this.#paidAtFirst(limit.kind, pace);
    return Math.max(0, paidAt - now) / pace.intervalMs;
  }

  /** The shard is being given away: nothing goes any more, and what is open is to be closed. */
  close(): void {
    this.#isClosed = true;
  }

  /** Connections that are counted. */
  get open(): number {
    return this.#open;
  }

  /** Sessions do not move: they are closed before a shard is given away, and are no part of it. */
  snapshot(now: number): Snapshot {
    const unpaid = [...this.#meters.entries()]
      .filter(([, { paidAt }]) => paidAt > now)
      .map(([key, { paidAt, intervalMs }]) => ({ key, aheadMs: paidAt - now, intervalMs }));
    const crash =
      this.#crash === undefined
        ? undefined
        : { agoMs: now - this.#crash.at, demandMax: this.#crash.demandMax };
    return { unpaid, crash };
  }

  earliest(bound: BoundLimit, cost: number, now: number): number {
    const { limit, key, pace } = bound;
    if (this.#isClosed) return Number.POSITIVE_INFINITY;
    if (limit.kind === "connections") {
      const open = this.#connections.get(key) ?? 0;
      return open + cost <= limit.max ? now : Number.POSITIVE_INFINITY;
    }
    assert(pace !== undefined, "a rate has a pace");
    const meter = this.#meters.get(key);
    if (meter === undefined) return earliestAt(pace, cost, this.#paidAtFirst(limit.kind, pace));
    if (meter.intervalMs === pace.intervalMs) return earliestAt(pace, cost, meter.paidAt);
    // Kept even if nothing is spent now: the debt is paid at the new pace from now on.
    const changed = changedPace(meter, pace.intervalMs, now);
    this.#meters.set(key, changed, now);
    return earliestAt(pace, cost, changed.paidAt);
  }

  spend(bound: BoundLimit, cost: number, now: number): Meter | undefined {
    const { limit, key, pace } = bound;
    if (limit.kind === "connections") {
      this.count(bound, cost);
      return undefined;
    }
    assert(pace !== undefined, "a rate has a pace");
    const meter = this.#meters.get(key);
    if (meter !== undefined) {
      take(meter, cost, { pace, now });
      return meter;
    }
    const first = { paidAt: this.#paidAtFirst(limit.kind, pace), intervalMs: pace.intervalMs };
    take(first, cost, { pace, now });
    this.#meters.set(key, first, now);
    return first;
  }

  isCounting({ key }: BoundLimit, meter: Meter): boolean {
    return !this.#isClosed && this.#meters.get(key) === meter;
  }

  count({ key }: BoundLimit, connections: number): void {
    const open = (this.#connections.get(key) ?? 0) + connections;
    assert(open >= 0, "no more connections are given back than were taken");
    this.#open += connections;
    if (open === 0) this.#connections.delete(key);
    else this.#connections.set(key, open);
  }

  excess({ limit, key }: BoundLimit): number {
    assert(limit.kind === "connections", "only connections are held");
    const max = this.#isClosed ? 0 : limit.max;
    return Math.max(0, (this.#connections.get(key) ?? 0) - max);
  }

  #paidAtFirst(kind: RateKind, pace: Pace): number {
    if (this.#crash === undefined) return Number.NEGATIVE_INFINITY;
    const spentMax = Math.max(pace.burst, this.#crash.demandMax[kind] ?? 1);
    return this.#crash.at + spentMax * pace.intervalMs;
  }
}
