/**
 * Whether there may be an entry: 12 octets for each, whatever its text, so that a list of millions
 * fits into every worker's memory and costs no question to the store. Entries are known by 64 bits of
 * a hash whose seed nobody outside the process knows: that one of a billion recipients is wrongly
 * found in a list of a million has a chance of 1 in 4,600, and the store then says that it is not.
 */
import { assert } from "#lib/assert";
import type { Time } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { SuppressionId, SuppressionTerm } from "./suppression.ts";

/** With 16 Mi slots of 12 octets: 192 MiB. Beyond it the store must be asked. */
const defaultEntriesMax = 10_000_000;
/** A list of so many is full of what is looked for: probing gets long above this share. */
const loadMax = 0.6;
const slotsMin = 1_024;

const minuteMs = 60_000;
/** Instead of a minute. */
const empty = 0;
const removed = 1;
const forGood = 0xffff_ffff;

interface Slots {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** The minute in which the entry ends, rounded up. */
  readonly until: Uint32Array;
}

export interface SuppressionFilterOptions {
  readonly random: Random;
  readonly entriesMax?: number;
}

export class SuppressionFilter {
  readonly #entriesMax: number;
  readonly #seeds: readonly [number, number];
  #slots = slotsOf(slotsMin);
  /** Slots that are not empty; those of entries that are gone included. */
  #used = 0;
  #isFull = false;

  constructor({ random, entriesMax = defaultEntriesMax }: SuppressionFilterOptions) {
    this.#entriesMax = entriesMax;
    this.#seeds = [random.below(2 ** 32), random.below(2 ** 32)];
  }

  /** True: there was no room for an entry, so that what is not found here may be there all the same. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** In octets. */
  get size(): number {
    return this.#slots.until.byteLength * 3;
  }

  /** The later end counts: what is read from a store may be older than what was said since. */
  add({ key, tenant, expiresAt }: SuppressionTerm, now: Time): void {
    const until = expiresAt === undefined ? forGood : minuteOf(expiresAt);
    if (until < minuteOf(now)) return;
    if (this.#used >= this.#slots.until.length * loadMax && !this.#grow(now)) {
      this.#isFull = true;
      return;
    }
    const [low, high] = this.#hashOf(key, tenant);
    const at = this.#find(low, high);
    const { low: lows, high: highs, until: untils } = this.#slots;
    const found = untils[at] ?? empty;
    if (found === empty) this.#used += 1;
    lows[at] = low;
    highs[at] = high;
    untils[at] = Math.max(found, until);
  }

  remove({ key, tenant }: SuppressionId): void {
    const at = this.#find(...this.#hashOf(key, tenant));
    // The slot stays taken, so that what was put behind it is found.
    if (this.#slots.until[at] !== empty) this.#slots.until[at] = removed;
  }

  has({ key, tenant }: SuppressionId, now: Time): boolean {
    const until = this.#slots.until[this.#find(...this.#hashOf(key, tenant))] ?? empty;
    return until >= minuteOf(now);
  }

  /** Where it stands, or where it would. */
  #find(low: number, high: number): number {
    const { low: lows, high: highs, until } = this.#slots;
    const mask = until.length - 1;
    let at = low & mask;
    while (until[at] !== empty && (lows[at] !== low || highs[at] !== high)) at = (at + 1) & mask;
    return at;
  }

  /** Into twice the room, or the same without what is gone. False: there is no more to be had. */
  #grow(now: Time): boolean {
    const old = this.#slots;
    const minute = minuteOf(now);
    const left = old.until.reduce((sum, until) => sum + (until >= minute ? 1 : 0), 0);
    if (left >= this.#entriesMax) return false;
    const isCrowded = left > (old.until.length * loadMax) / 2;
    this.#slots = slotsOf(isCrowded ? old.until.length * 2 : old.until.length);
    this.#used = left;
    for (let i = 0; i < old.until.length; i++) {
      const until = old.until[i] ?? empty;
      if (until < minute) continue;
      const [low, high] = [old.low[i] ?? 0, old.high[i] ?? 0];
      const at = this.#find(low, high);
      this.#slots.low[at] = low;
      this.#slots.high[at] = high;
      this.#slots.until[at] = until;
    }
    return true;
  }

  #hashOf(key: string, tenant = ""): [number, number] {
    const [first, second] = this.#seeds;
    return [hash(key, hash(tenant, first)), hash(key, hash(tenant, second))];
  }
}

function slotsOf(count: number): Slots {
  assert((count & (count - 1)) === 0, "a mask needs a power of two");
  return {
    low: new Uint32Array(count),
    high: new Uint32Array(count),
    until: new Uint32Array(count),
  };
}

/** Of a time in force the same or an earlier one than of any end that is not reached. */
function minuteOf(at: Time): number {
  return Math.ceil(at / minuteMs);
}

/** MurmurHash3's 32 bits, over UTF-16 code units; the length keeps neighbours apart. */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  h ^= text.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
