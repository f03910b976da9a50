/** All limits that apply are asked at once: either each grants and is spent, or none is. */
import { assert } from "#lib/assert";
import { type CountedLimit, type Demand, isShared, keyOf, type Subject } from "./limit.ts";
import { giveBack, type Meter, type Pace, paceOf, type Taken } from "./meter.ts";

/** Where the counts of some limits stand: a shard's own, or a worker's shares (ADR 0013). */
export interface Counts {
  /** When so much may go; `Infinity`: not before something else happens than time. */
  earliest(bound: BoundLimit, cost: number, now: number): number;
  /** Takes it, after `earliest` said that it may; tells of a rate where it is counted. */
  spend(bound: BoundLimit, cost: number, now: number): Meter | undefined;
  /** Whether a rate is counted there still, and may be used. */
  isCounting(bound: BoundLimit, meter: Meter, now: number): boolean;
  /** Counts connections that are open, within the limit or not. */
  count(bound: BoundLimit, connections: number, now: number): void;
  /** How many more connections are open than may be now. */
  excess(bound: BoundLimit, now: number): number;
}

/** A limit as it applies to one subject. To be bound anew when limits change. */
export interface BoundLimit {
  readonly limit: CountedLimit;
  readonly key: string;
  /** Of a rate; connections have none. */
  readonly pace: Pace | undefined;
  readonly counts: Counts;
}

/** Those limits that apply to a subject, counted there. */
export function boundTo(
  counts: Counts,
  limits: readonly CountedLimit[],
  subject: Subject,
): readonly BoundLimit[] {
  const bound: BoundLimit[] = [];
  for (const limit of limits) {
    const key = keyOf(limit, subject);
    if (key === undefined) continue;
    const pace = limit.kind === "connections" ? undefined : paceOf(limit.rate);
    bound.push({ limit, key, pace, counts });
  }
  return bound;
}

export type Acquired =
  | { readonly kind: "granted"; readonly permit: Permit; readonly spent: Spent }
  | {
      readonly kind: "refused";
      /** The one that lets through last. */
      readonly binding: BoundLimit;
      /** Worth no question before; `Infinity`: until a permit of that key is released, or a share comes. */
      readonly until: number;
      /** All that were asked. */
      readonly bound: readonly BoundLimit[];
    };

/** The connections that were granted, until they are given back; who asked for none has none. */
export class Permit {
  #held: readonly BoundLimit[];
  readonly #connections: number;
  #isReleased = false;

  constructor(bound: readonly BoundLimit[], connections: number) {
    this.#held = connections === 0 ? [] : connectionLimitsOf(bound);
    this.#connections = connections;
  }

  /** Its connections count under this key. */
  holds(key: string): boolean {
    return this.#held.some((held) => held.key === key);
  }

  /** Under which its connections count. */
  get keys(): readonly string[] {
    return this.#held.map(({ key }) => key);
  }

  /** One of the limits under which they count is no other shard's. */
  get isOwn(): boolean {
    return this.#held.some(({ limit }) => !isShared(limit));
  }

  /** Tells the keys under which there is room now. */
  release(now: number): readonly string[] {
    assert(!this.#isReleased, "what was granted is given back once");
    this.#isReleased = true;
    this.#count(-1, now);
    return this.keys;
  }

  /**
   * Limits have changed: what is open counts under those that apply now, even above them. Tells the
   * keys under which it counted before.
   */
  rebind(bound: readonly BoundLimit[], now: number): readonly string[] {
    assert(!this.#isReleased, "only what is open is counted again");
    const before = this.keys;
    this.#count(-1, now);
    this.#held = this.#connections === 0 ? [] : connectionLimitsOf(bound);
    this.#count(1, now);
    return before;
  }

  /** More are open than may be by now: this one is not to be used again after its transaction. */
  isExcess(now: number): boolean {
    return this.#held.some((held) => held.counts.excess(held, now) > 0);
  }

  #count(by: 1 | -1, now: number): void {
    for (const held of this.#held) held.counts.count(held, by * this.#connections, now);
  }
}

/** What was taken of rates. */
export class Spent {
  readonly #all: { readonly bound: BoundLimit; readonly meter: Meter; readonly taken: Taken }[] =
    [];

  add(bound: BoundLimit, meter: Meter, cost: number): void {
    this.#all.push({ bound, meter, taken: { cost, after: { ...meter } } });
  }

  /** Nothing of it was used, nor will be. Tells the keys under which more may go by it. */
  giveBack(now: number): readonly string[] {
    const keys: string[] = [];
    for (const { bound, meter, taken } of this.#all.splice(0)) {
      const isCounting = bound.counts.isCounting(bound, meter, now);
      if (isCounting && giveBack(meter, taken, now)) keys.push(bound.key);
    }
    return keys;
  }
}

export function acquire(bound: readonly BoundLimit[], demand: Demand, now: number): Acquired {
  let binding: BoundLimit | undefined;
  let until = now;
  for (const each of bound) {
    const cost = demand[each.limit.kind] ?? 0;
    if (cost === 0) continue;
    const at = each.counts.earliest(each, cost, now);
    if (at <= now || !isLater(at, until, binding)) continue;
    binding = each;
    until = at;
  }
  if (binding !== undefined) return { kind: "refused", binding, until, bound };
  const spent = new Spent();
  for (const each of bound) {
    const cost = demand[each.limit.kind] ?? 0;
    const meter = cost > 0 ? each.counts.spend(each, cost, now) : undefined;
    if (meter !== undefined) spent.add(each, meter, cost);
  }
  return { kind: "granted", permit: new Permit(bound, demand.connections ?? 0), spent };
}

/** A time that is known goes before one that is not: until then nothing else is worth a question. */
function isLater(at: number, until: number, binding: BoundLimit | undefined): boolean {
  if (binding === undefined) return true;
  if (until === Number.POSITIVE_INFINITY) return at < until;
  return at !== Number.POSITIVE_INFINITY && at > until;
}

function connectionLimitsOf(bound: readonly BoundLimit[]): readonly BoundLimit[] {
  return bound.filter(({ limit }) => limit.kind === "connections");
}
