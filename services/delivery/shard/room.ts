/** What all shards of a worker may hold in memory together: a shard alone is bounded, sixteen are not. */

/** Each shard may have so much, however full the others are: none stands still for them. */
const ownBytes = 1024 * 1024;

export class Room {
  readonly #bytesMax: number;
  #bytes = 0;
  #waiters = new Set<() => void>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Shards that wait for it. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether a shard that holds `own` may take more. */
  isFor(own: number): boolean {
    return this.#bytes < this.#bytesMax || own < ownBytes;
  }

  changed(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0 || this.#bytes >= this.#bytesMax || this.#waiters.size === 0) return;
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Calls `wake` once, when others have made room. */
  whenFreed(wake: () => void): void {
    this.#waiters.add(wake);
  }
}
