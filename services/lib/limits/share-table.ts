/**
 * A worker's shares of the limits that bind several shards (ADR 0013). Without a share that is
 * valid nothing goes.
 */
import { assert } from "#lib/assert";
import { type BoundLimit, boundTo, type Counts } from "./acquire.ts";
import { ForgetfulMap } from "./forgetful-map.ts";
import { type CountedLimit, isShared, type Subject } from "./limit.ts";
import { earliestAt, type Meter, type Pace, take, tokensOf } from "./meter.ts";
import {
  type ConnectionAnswer,
  type ConnectionAsk,
  type RateAnswer,
  type RateAsk,
  shareValidMs,
} from "./share.ts";

/** A question on its way; from then on the share is not used. */
interface Asking {
  readonly number: number;
  readonly at: number;
}

interface RateShare {
  readonly pace: Pace;
  readonly meter: Meter;
  readonly lapsesAt: number;
  readonly asking: Asking | undefined;
}

interface ConnectionShare {
  readonly open: number;
  readonly max: number;
  /** What the home counts as this holder's: what it granted last, or what was open then. */
  readonly claimed: number;
  readonly lapsesAt: number;
  readonly asking: Asking | undefined;
}

export type Share =
  | {
      readonly kind: "rate";
      readonly perMs: number;
      readonly burst: number;
      readonly tokens: number;
    }
  | { readonly kind: "connections"; readonly max: number };

const noRate: RateShare = {
  pace: { intervalMs: Number.POSITIVE_INFINITY, burst: 0 },
  meter: { paidAt: Number.NEGATIVE_INFINITY, intervalMs: Number.POSITIVE_INFINITY },
  lapsesAt: Number.NEGATIVE_INFINITY,
  asking: undefined,
};

const noConnections: ConnectionShare = {
  open: 0,
  max: 0,
  claimed: 0,
  lapsesAt: Number.NEGATIVE_INFINITY,
  asking: undefined,
};

export class ShareTable implements Counts {
  readonly #holder: string;
  readonly #rates = new ForgetfulMap<RateShare>(isOver);
  readonly #connections = new ForgetfulMap<ConnectionShare>(
    (share, now) => share.open === 0 && share.claimed <= share.max && isOver(share, now),
  );
  #questions = 0;

  /** `holder`: this incarnation of this worker. */
  constructor(holder: string) {
    this.#holder = holder;
  }

  /** States that are held in memory. */
  get size(): number {
    return this.#rates.size + this.#connections.size;
  }

  /** Those of the limits that apply to a subject and have a home. */
  bind(limits: readonly CountedLimit[], subject: Subject): readonly BoundLimit[] {
    return boundTo(this, limits.filter(isShared), subject);
  }

  /** Whether there is anything to go by; while a question is on its way there is not. */
  standing(key: string, now: number): "valid" | "asked" | "none" {
    const share = this.#rates.get(key) ?? this.#connections.get(key) ?? noRate;
    if (isUsable(share, now)) return "valid";
    return isOver(share, now) ? "none" : "asked";
  }

  /** What may be used now; undefined: nothing. */
  share(key: string, now: number): Share | undefined {
    const rate = this.#rates.get(key);
    if (rate !== undefined && isUsable(rate, now)) {
      const { pace, meter } = rate;
      const tokens = tokensOf(pace, meter.paidAt, now);
      return { kind: "rate", perMs: 1 / pace.intervalMs, burst: pace.burst, tokens };
    }
    const connections = this.#connections.get(key);
    if (connections === undefined || !isUsable(connections, now)) return undefined;
    return { kind: "connections", max: connections.max };
  }

  /** Connections that are open. */
  open(key: string): number {
    return this.#connections.get(key)?.open ?? 0;
  }

  /** Connections that the home counts here, and that are closed and may not be opened again. */
  toTell(key: string): number {
    const { open, max, claimed } = this.#connections.get(key) ?? noConnections;
    return Math.max(0, claimed - Math.max(open, max));
  }

  /** Connections that were granted last and are not open; below 0: so many are open beyond them. */
  room(key: string): number {
    const { open, max } = this.#connections.get(key) ?? noConnections;
    return max - open;
  }

  /** Limits of connections under which some are open, or might be opened yet. */
  *openable(now: number): Iterable<string> {
    for (const [key, share] of this.#connections.entries()) {
      if (share.open > 0 || !isOver(share, now)) yield key;
    }
  }

  /** Gives the share back and asks for another. */
  askRate(key: string, wants: { wanted: number; largest: number }, now: number): RateAsk {
    const share = this.#rates.get(key) ?? noRate;
    const unspent = isUsable(share, now) ? tokensOf(share.pace, share.meter.paidAt, now) : 0;
    const asking = this.#question(now);
    // Its last question may have been heard, and the share given to others.
    const given = share.asking === undefined ? share : noRate;
    this.#rates.set(key, { ...given, asking }, now);
    return { holder: this.#holder, number: asking.number, ...wants, unspent };
  }

  askConnections(key: string, wanted: number, now: number): ConnectionAsk {
    const share = this.#connections.get(key) ?? noConnections;
    const asking = this.#question(now);
    const given = share.asking === undefined ? share : { ...noConnections, open: share.open };
    const claimed = share.open;
    this.#connections.set(key, { ...given, claimed, asking }, now);
    return { holder: this.#holder, number: asking.number, wanted, open: share.open };
  }

  rateAnswered(key: string, answer: RateAnswer, now: number): void {
    const share = this.#rates.get(key);
    if (share?.asking?.number !== answer.number) return;
    if (answer.kind === "silent") {
      this.#rates.set(key, { ...share, asking: undefined }, now);
      return;
    }
    const { perMs, burst, tokens } = answer;
    if (burst === 0) return this.#rates.set(key, noRate, now);
    const pace = { intervalMs: 1 / perMs, burst };
    const spare = Math.max(0, burst - tokens - grownOnTheWay(share, perMs, now));
    const meter = { paidAt: now + spare * pace.intervalMs, intervalMs: pace.intervalMs };
    const lapsesAt = share.asking.at + shareValidMs;
    this.#rates.set(key, { pace, meter, lapsesAt, asking: undefined }, now);
  }

  connectionsAnswered(key: string, answer: ConnectionAnswer, now: number): void {
    const share = this.#connections.get(key);
    if (share?.asking?.number !== answer.number) return;
    const asking = undefined;
    if (answer.kind === "silent") return this.#connections.set(key, { ...share, asking }, now);
    const { open } = share;
    const { max } = answer;
    const claimed = Math.max(max, share.claimed);
    const lapsesAt = max === 0 ? noConnections.lapsesAt : share.asking.at + shareValidMs;
    this.#connections.set(key, { open, max, claimed, lapsesAt, asking }, now);
  }

  earliest({ limit, key }: BoundLimit, cost: number, now: number): number {
    if (limit.kind === "connections") {
      const share = this.#connections.get(key) ?? noConnections;
      const isRoom = isUsable(share, now) && share.open + cost <= share.max;
      return isRoom ? now : Number.POSITIVE_INFINITY;
    }
    const share = this.#rates.get(key) ?? noRate;
    if (!isUsable(share, now) || cost > share.pace.burst) return Number.POSITIVE_INFINITY;
    return earliestAt(share.pace, cost, share.meter.paidAt);
  }

  spend(bound: BoundLimit, cost: number, now: number): Meter | undefined {
    if (bound.limit.kind === "connections") {
      this.count(bound, cost, now);
      return undefined;
    }
    const share = this.#rates.get(bound.key);
    assert(share !== undefined && isUsable(share, now), "only what is shared out is spent");
    take(share.meter, cost, { pace: share.pace, now });
    return share.meter;
  }

  /** Not any more, once the share was given back. */
  isCounting({ key }: BoundLimit, meter: Meter, now: number): boolean {
    const share = this.#rates.get(key);
    return share?.meter === meter && isUsable(share, now);
  }

  count({ key }: BoundLimit, connections: number, now: number): void {
    const share = this.#connections.get(key) ?? noConnections;
    const open = share.open + connections;
    assert(open >= 0, "no more connections are given back than were taken");
    this.#connections.set(key, { ...share, open }, now);
  }

  excess({ key }: BoundLimit, now: number): number {
    const { open, max, lapsesAt } = this.#connections.get(key) ?? noConnections;
    return now < lapsesAt ? Math.max(0, open - max) : open;
  }

  #question(at: number): Asking {
    this.#questions += 1;
    return { number: this.#questions, at };
  }
}

/**
 * Tokens since the question: at the pace of the share before until the home had it, at the new one
 * from then on, and the home has counted them as this holder's. When that was is not known: so many
 * there are whenever it was.
 */
function grownOnTheWay({ pace, meter, lapsesAt, asking }: RateShare, perMs: number, now: number) {
  if (asking === undefined || now >= lapsesAt) return 0;
  const grown = tokensOf(pace, meter.paidAt, now) - tokensOf(pace, meter.paidAt, asking.at);
  return Math.min(grown, perMs * (now - asking.at));
}

function isUsable({ lapsesAt, asking }: RateShare | ConnectionShare, now: number): boolean {
  return asking === undefined && now < lapsesAt;
}

/** Neither valid, nor may an answer come that makes it so. */
function isOver({ lapsesAt, asking }: RateShare | ConnectionShare, now: number): boolean {
  return lapsesAt <= now && (asking === undefined || asking.at + shareValidMs <= now);
}
