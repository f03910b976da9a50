/** What was answered, for as long as it holds; the least recently used goes first. */
import type { Clock } from "../clock.ts";

interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
  readonly size: number;
}

export interface Cached<Value> {
  readonly value: Value;
  readonly leftMs: number;
}

export class AnswerCache<Value> {
  readonly #clock: Clock;
  readonly #sizeMax: number;
  /** In the order of use. */
  readonly #entries = new Map<string, Entry<Value>>();
  #size = 0;

  /** `sizeMax` is in the unit that `put` is told sizes in. */
  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock;
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): Cached<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    const leftMs = entry.expiresAt - this.#clock.monotonic();
    if (leftMs <= 0) {
      this.#size -= entry.size;
      return undefined;
    }
    this.#entries.set(key, entry);
    return { value: entry.value, leftMs };
  }

  put(key: string, value: Value, holds: { readonly ttlMs: number; readonly size: number }): void {
    const { ttlMs, size } = holds;
    this.#remove(key);
    if (ttlMs <= 0 || size > this.#sizeMax) return;
    this.#entries.set(key, { value, expiresAt: this.#clock.monotonic() + ttlMs, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#sizeMax) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }
}
