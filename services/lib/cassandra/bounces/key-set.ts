/** Keys that are remembered, the oldest forgotten when they are too many. */
export class KeySet {
  readonly #max: number;
  readonly #keys = new Set<string>();

  constructor(max: number) {
    this.#max = max;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= this.#max) return;
    const [oldest] = this.#keys;
    if (oldest !== undefined) this.#keys.delete(oldest);
  }

  /** True when it was there. */
  delete(key: string): boolean {
    return this.#keys.delete(key);
  }
}
