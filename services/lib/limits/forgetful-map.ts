/**
 * A map that forgets what is idle: each new entry looks at two old ones, so that it never holds
 * more than about twice what was not idle at once. No timer, no pause for a sweep of all.
 */
export class ForgetfulMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #isIdle: (value: Value, now: number) => boolean;
  #sweep = this.#entries.entries();

  /** What is idle must be as good as no entry. */
  constructor(isIdle: (value: Value, now: number) => boolean) {
    this.#isIdle = isIdle;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value, now: number): void {
    const sizeBefore = this.#entries.size;
    this.#entries.set(key, value);
    if (this.#entries.size === sizeBefore) return;
    this.#look(now);
    this.#look(now);
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#entries.entries();
  }

  #look(now: number): void {
    const next = this.#sweep.next();
    if (next.done) {
      this.#sweep = this.#entries.entries();
      return;
    }
    const [key, value] = next.value;
    if (this.#isIdle(value, now)) this.#entries.delete(key);
  }
}
