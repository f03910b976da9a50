/**
 * Durations in buckets that grow with them: any percentile to within 1.6 %, in 7 KB, without
 * keeping samples.
 */

/** Buckets for each doubling. */
const perDoubling = 64;
const doublingBits = 6;
const microsecondsMax = 2 ** 31 - 1;
const bucketCount = (31 - doublingBits + 1) * perDoubling;

export interface Percentiles {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly p9999Ms: number;
  readonly maxMs: number;
}

export class Histogram {
  readonly #buckets = new Uint32Array(bucketCount);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#max / 1_000;
  }

  /** Of those that are not empty, in order: the longest duration that falls into it, and how many. */
  *buckets(): Generator<readonly [durationMs: number, count: number]> {
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const count = this.#buckets[bucket] ?? 0;
      if (count > 0) yield [Math.min(topOf(bucket), this.#max) / 1_000, count];
    }
  }

  record(durationMs: number): void {
    const value = Math.max(0, Math.min(microsecondsMax, Math.round(durationMs * 1_000)));
    const bucket = bucketOf(value);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, value);
  }

  /** The smallest duration that `fraction` of all do not exceed; 0 when there is none. */
  atMs(fraction: number): number {
    let left = Math.ceil(fraction * this.#count);
    if (left <= 0) return 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return Math.min(topOf(bucket), this.#max) / 1_000;
    }
    return this.#max / 1_000;
  }

  percentiles(): Percentiles {
    return {
      count: this.#count,
      p50Ms: this.atMs(0.5),
      p90Ms: this.atMs(0.9),
      p99Ms: this.atMs(0.99),
      p999Ms: this.atMs(0.999),
      p9999Ms: this.atMs(0.9999),
      maxMs: this.maxMs,
    };
  }
}

/** Below two doublings a bucket is one microsecond wide, then two, four … */
function bucketOf(value: number): number {
  const shift = Math.max(0, 31 - doublingBits - Math.clz32(value));
  return shift * perDoubling + (value >> shift);
}

function topOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / perDoubling) - 1);
  return ((bucket - shift * perDoubling + 1) << shift) - 1;
}
