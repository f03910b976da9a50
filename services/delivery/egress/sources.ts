/**
 * From where mail goes out: named sources in weighted pools. A message keeps its source over its
 * retries, since a host that greylists knows it by that; unless the source is broken, when the others
 * carry on.
 */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "#lib/clock";
import { ForgetfulMap } from "#lib/limits/forgetful-map";
import type { Subject } from "#lib/limits/limit";
import type { Egress } from "#lib/net/egress/egress";
import { fnv1a32 } from "#lib/queue/shard";
import type { Unit } from "#lib/queue/unit";

export interface Source {
  readonly name: string;
  readonly egress: Egress;
  /** Argument of EHLO; absent: that of the host. */
  readonly hostname?: string;
}

export interface Pool {
  readonly name: string;
  readonly sources: readonly { readonly name: string; readonly weight: number }[];
  /** Mail of these goes by it, unless it names another; each that is given must match. */
  readonly for: readonly PoolRule[];
}

export interface PoolRule {
  readonly tenant?: string;
  readonly campaign?: string;
  readonly destination?: string;
}

export interface EgressConfig {
  readonly sources: readonly Source[];
  /** The first that matches is taken. */
  readonly pools: readonly Pool[];
}

export interface SourcesPorts {
  readonly clock: Clock;
  /** As it is configured now. */
  readonly config: EgressConfig;
  /** A rule on replies wants another source for this. */
  readonly isAvoided: (subject: Subject) => boolean;
  /** Another one whenever that may be answered otherwise. */
  readonly avoidance: () => number;
  /** A unit names a pool that is there no more: it goes as one that names none. */
  readonly onUnknownPool?: (pool: string, unit: Unit) => void;
}

/** What was chosen, and what that stands on. */
interface Choice {
  readonly source: string;
  readonly provider: string | undefined;
  readonly avoidance: number;
  readonly reloads: number;
}

interface Broken {
  readonly reason: string;
  readonly until: number;
  readonly failures: number;
}

/** A queue may hold a million units of a pool that was removed: told once in a while. */
const toldAgainMs = 3_600_000;
const coolFirstMs = 10_000;
const coolMaxMs = 5 * 60_000;

export class Sources {
  readonly #ports: SourcesPorts;
  #sources: ReadonlyMap<string, Source>;
  #pools: ReadonlyMap<string, Pool>;
  readonly #broken = new Map<string, Broken>();
  /** A unit is asked for when it comes into its lane, and again when it leaves. */
  readonly #choices = new WeakMap<Unit, Choice>();
  #reloads = 0;
  /** When an unknown pool may be told of again. */
  readonly #unknown = new ForgetfulMap<number>((until, now) => until <= now);

  constructor(ports: SourcesPorts) {
    this.#ports = ports;
    this.#sources = new Map(ports.config.sources.map((source) => [source.name, source]));
    this.#pools = new Map(ports.config.pools.map((pool) => [pool.name, pool]));
  }

  /** Takes over what is configured now. Tells which are other than they were, or gone. */
  reload(): ReadonlySet<string> {
    const before = this.#sources;
    const { sources, pools } = this.#ports.config;
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.#reloads += 1;
    const changed = [...before].filter(
      ([name, source]) => !isDeepStrictEqual(source, this.#sources.get(name)),
    );
    // What was wrong with them need not be any more.
    for (const [name] of changed) this.#broken.delete(name);
    return new Set(changed.map(([name]) => name));
  }

  /** Some mail has a source of its own. */
  get arePooled(): boolean {
    return this.#pools.size > 0;
  }

  get(name: string): Source | undefined {
    return this.#sources.get(name);
  }

  /** Its name; empty: mail goes as the machine sends it. */
  choose(unit: Unit, provider: string | undefined): string {
    if (this.#pools.size === 0 && unit.pool === undefined) return "";
    // Then it is a matter of time, too.
    if (this.#broken.size > 0) return this.#chosen(unit, provider);
    const avoidance = this.#ports.avoidance();
    const made = this.#choices.get(unit);
    const isValid = made?.avoidance === avoidance && made.reloads === this.#reloads;
    if (isValid && made.provider === provider) return made.source;
    const source = this.#chosen(unit, provider);
    this.#choices.set(unit, { source, provider, avoidance, reloads: this.#reloads });
    return source;
  }

  #chosen(unit: Unit, provider: string | undefined): string {
    const pool = this.poolOf(unit);
    if (pool === undefined) return "";
    const usable = pool.sources.filter(({ name }) => this.broken(name) === undefined);
    const subject = subjectOf(unit, provider);
    const wanted = usable.filter(
      ({ name }) => !this.#ports.isAvoided({ ...subject, source: name }),
    );
    // Where all are broken it waits with the one that it would have.
    const [among] = [wanted, usable, pool.sources].filter((list) => list.length > 0);
    return among === undefined ? "" : heaviest(among, unit);
  }

  /** Why it cannot be used, and until when (monotonic) nobody tries. */
  broken(name: string): Broken | undefined {
    const broken = this.#broken.get(name);
    return broken !== undefined && broken.until > this.#ports.clock.monotonic()
      ? broken
      : undefined;
  }

  /** Those that cool down. */
  get cooling(): readonly string[] {
    return [...this.#broken.keys()].filter((name) => this.broken(name) !== undefined);
  }

  /** It cools down, for longer at each failure in a row; false when it did so already. */
  failed(name: string, reason: string): boolean {
    if (this.broken(name) !== undefined) return false;
    const failures = (this.#broken.get(name)?.failures ?? 0) + 1;
    const coolMs = Math.min(coolMaxMs, coolFirstMs * 2 ** (failures - 1));
    const until = this.#ports.clock.monotonic() + coolMs;
    this.#broken.set(name, { reason, until, failures });
    return true;
  }

  succeeded(name: string): void {
    if (this.#broken.size > 0) this.#broken.delete(name);
  }

  /** That it names, as long as it is there; else the first that is for it. */
  poolOf(unit: Unit): Pool | undefined {
    const named = unit.pool === undefined ? undefined : this.#pools.get(unit.pool);
    if (named !== undefined) return named;
    if (unit.pool !== undefined) this.#tellUnknown(unit.pool, unit);
    for (const pool of this.#pools.values()) {
      if (pool.for.some((rule) => matches(rule, unit))) return pool;
    }
    return undefined;
  }

  #tellUnknown(pool: string, unit: Unit): void {
    const now = this.#ports.clock.monotonic();
    if ((this.#unknown.get(pool) ?? 0) > now) return;
    this.#unknown.set(pool, now + toldAgainMs, now);
    this.#ports.onUnknownPool?.(pool, unit);
  }
}

function subjectOf({ destination, tenant, campaign }: Unit, provider: string | undefined): Subject {
  return {
    destination,
    ...(provider === undefined ? {} : { provider }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(campaign === undefined ? {} : { campaign }),
  };
}

function matches({ tenant, campaign, destination }: PoolRule, unit: Unit): boolean {
  return (
    (tenant === undefined || tenant === unit.tenant) &&
    (campaign === undefined || campaign === unit.campaign) &&
    (destination === undefined || destination === unit.destination)
  );
}

/**
 * Weighted rendezvous (Thaler and Ravishankar 1998): of many messages each source gets its part, and
 * one that goes or comes moves no more than its own.
 */
function heaviest(among: Pool["sources"], { uid }: Unit): string {
  let best = "";
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const { name, weight } of among) {
    const part = (mixed(fnv1a32(`${uid} ${name}`)) + 0.5) / 2 ** 32;
    const score = -weight / Math.log(part);
    if (score <= bestScore) continue;
    best = name;
    bestScore = score;
  }
  return best;
}

/** FNV differs little where only the last letters do: the finish of MurmurHash3 spreads it. */
function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
