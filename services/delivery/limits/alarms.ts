/** Many times for one timer: each thing has one time at most, which may be moved. A heap. */
import { assert } from "#lib/assert";
import type { CancelTimer, Clock } from "#lib/clock";

export interface Alarmed {
  /** Where it stands in the heap; -1: it has no time. Kept by `Alarms`. */
  place: number;
  /** On the monotonic clock. Kept by `Alarms`. */
  dueAt: number;
  /** Its time has come, and is forgotten. */
  due(): void;
}

export class Alarms {
  readonly #clock: Clock;
  readonly #heap: Alarmed[] = [];
  #cancel: CancelTimer | undefined;
  /** When the timer fires. */
  #setFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Instead of the time it had; `Infinity`: none. */
  set(item: Alarmed, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return this.clear(item);
    if (item.place === -1) item.place = this.#heap.push(item) - 1;
    item.dueAt = at;
    this.#settle(item);
    this.#arm();
  }

  clear(item: Alarmed): void {
    if (item.place === -1) return;
    this.#remove(item);
    this.#arm();
  }

  /** None is due any more. */
  stop(): void {
    for (const item of this.#heap.splice(0)) item.place = -1;
    this.#arm();
  }

  /** The one timer is for the first; one that fires too early only looks. */
  #arm(): void {
    const dueAt = this.#heap[0]?.dueAt ?? Number.POSITIVE_INFINITY;
    if (dueAt >= this.#setFor && dueAt !== Number.POSITIVE_INFINITY) return;
    if (dueAt === this.#setFor) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#setFor = dueAt;
    if (dueAt === Number.POSITIVE_INFINITY) return;
    // Timers know whole milliseconds only: one that is cut short would fire before the time.
    const delayMs = Math.max(0, Math.ceil(dueAt - this.#clock.monotonic()));
    this.#cancel = this.#clock.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#cancel = undefined;
    this.#setFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    // Only those that are due now: who sets itself again for now waits for the next timer.
    let left = this.#heap.length;
    try {
      for (let first = this.#heap[0]; first !== undefined && left > 0; first = this.#heap[0]) {
        if (first.dueAt > now) break;
        this.#remove(first);
        left -= 1;
        first.due();
      }
    } finally {
      // One that fails must not keep the others for ever.
      this.#arm();
    }
  }

  #remove(item: Alarmed): void {
    const { place } = item;
    const last = this.#heap.pop();
    assert(last !== undefined, "what has a place is in the heap");
    item.place = -1;
    if (last === item) return;
    this.#put(last, place);
    this.#settle(last);
  }

  #settle(item: Alarmed): void {
    this.#rise(item);
    this.#sink(item);
  }

  #rise(item: Alarmed): void {
    for (let at = item.place; at > 0; at = item.place) {
      const parent = this.#heap[(at - 1) >> 1];
      if (parent === undefined || parent.dueAt <= item.dueAt) return;
      this.#put(item, parent.place);
      this.#put(parent, at);
    }
  }

  #sink(item: Alarmed): void {
    for (;;) {
      const at = item.place;
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const child =
        right !== undefined && left !== undefined && right.dueAt < left.dueAt ? right : left;
      if (child === undefined || item.dueAt <= child.dueAt) return;
      this.#put(item, child.place);
      this.#put(child, at);
    }
  }

  #put(item: Alarmed, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
