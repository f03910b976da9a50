/**
 * What all shards of a worker may hold in memory together: a shard alone is bounded, sixteen are not.
 * Each has a part of its own, however full the others are: none stands still for them.
 */

const ownBytesMax = 1024 * 1024;
/** All parts together are no more than such a share of everything. */
const ownShareMax = 0.5;
/** Who reads takes no less at once: many small reads cost more than what they keep free. */
const readBytesMin = 64 * 1024;
/** A shard reads its log, its wheel and its backlogs at the same time. */
const readersPerShard = 3;

export class Room {
  readonly #bytesMax: number;
  readonly #ownBytes: number;
  #bytes = 0;
  /** Of these, what shards have beyond their own parts. */
  #beyond = 0;
  #shards = 0;
  #waiters = new Set<() => void>();

  /** `shards`: as many as the worker can come to own. */
  constructor(bytesMax: number, shards: number) {
    this.#bytesMax = bytesMax;
    this.#ownBytes = Math.min(ownBytesMax, Math.floor((bytesMax * ownShareMax) / shards));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Shards that wait for it. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** A shard takes part; the result ends that. */
  join(): () => void {
    this.#shards += 1;
    return () => {
      this.#shards -= 1;
    };
  }

  /** Whether a shard that holds `own` may take more. */
  isFor(own: number): boolean {
    return this.left(own) > 0;
  }

  /** Bytes that a shard that holds `own` may still take, of a share of everything. */
  left(own: number, share = 1): number {
    return Math.max(0, this.#ownBytes * share - own) + this.#sharedLeft(share);
  }

  /** Bytes for one reading of a shard: all that read at once find room for what they bring. */
  readBytes(own: number): number {
    const shared = this.#sharedLeft(1) / Math.max(1, this.#shards);
    const part = (Math.max(0, this.#ownBytes - own) + shared) / readersPerShard;
    return Math.max(readBytesMin, Math.floor(part));
  }

  /** What a shard holds. */
  changed(before: number, after: number): void {
    this.#bytes += after - before;
    this.#beyond += this.#over(after) - this.#over(before);
    if (after > before || this.#waiters.size === 0 || this.#sharedLeft(1) === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Calls `wake` once, when others have made room. */
  whenFreed(wake: () => void): void {
    this.#waiters.add(wake);
  }

  #over(bytes: number): number {
    return Math.max(0, bytes - this.#ownBytes);
  }

  #sharedLeft(share: number): number {
    const all = this.#bytesMax - this.#shards * this.#ownBytes;
    return Math.max(0, all * share - this.#beyond);
  }
}
