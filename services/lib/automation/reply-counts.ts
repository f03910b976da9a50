/** How many replies a trigger has heard lately: sliding windows, of bounded memory (ADR 0014). */
import { assert } from "#lib/assert";
import type { Trigger } from "./rule.ts";

/** Of all windows together. */
const timesMaxDefault = 100_000;

export class ReplyCounts {
  readonly #timesMax: number;
  /** By key, in order of the last touch; each list is no longer than its trigger's count. */
  readonly #heard = new Map<string, number[]>();
  #times = 0;

  constructor(timesMax = timesMaxDefault) {
    this.#timesMax = timesMax;
  }

  /** Times that are held. */
  get size(): number {
    return this.#times;
  }

  /**
   * One more, at a monotonic time. True: with it there are as many as the trigger wants within its
   * window, and they are counted from nought again.
   */
  hear(key: string, { count, windowMs }: Trigger, now: number): boolean {
    const times = this.#take(key, now - windowMs);
    if (times.length + 1 >= count) {
      this.#times -= times.length;
      return true;
    }
    times.push(now);
    this.#times += 1;
    this.#heard.set(key, times);
    this.#forget();
    return false;
  }

  /** So many that others heard: the next one of our own may be the last that was wanted. */
  add(key: string, trigger: Trigger, added: { readonly count: number; readonly now: number }) {
    const { count, windowMs } = trigger;
    const times = this.#take(key, added.now - windowMs);
    const more = Math.min(added.count, count - 1 - times.length);
    for (let n = 0; n < more; n++) times.push(added.now);
    this.#times += Math.max(0, more);
    if (times.length > 0) this.#heard.set(key, times);
    this.#forget();
  }

  /** What they were counted for has come. */
  drop(key: string): void {
    this.#times -= this.#heard.get(key)?.length ?? 0;
    this.#heard.delete(key);
  }

  /** The rules are others now. */
  clear(): void {
    this.#heard.clear();
    this.#times = 0;
  }

  /** Out of the order, without what is older. */
  #take(key: string, before: number): number[] {
    const times = this.#heard.get(key) ?? [];
    this.#heard.delete(key);
    const fresh = times.findIndex((at) => at > before);
    this.#times -= times.splice(0, fresh === -1 ? times.length : fresh).length;
    return times;
  }

  /** Whose count was touched longest ago. */
  #forget(): void {
    while (this.#times > this.#timesMax) {
      const [oldest] = this.#heard;
      assert(oldest !== undefined, "times belong to a key");
      this.#times -= oldest[1].length;
      this.#heard.delete(oldest[0]);
    }
  }
}
