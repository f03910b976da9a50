/**
 * Who waits for which limit, first come first served. As many are woken as can go now, and the next
 * when those have gone: a hundred thousand that wait for one provider do not all ask at each turn.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { BoundLimit, Counts } from "#lib/limits/acquire";
import { type Alarmed, Alarms } from "./alarms.ts";

export interface Waiter {
  readonly bound: BoundLimit;
  /** Of one decision. */
  readonly cost: number;
  /** What could be used within about a second. */
  readonly wanted: number;
  /** Nobody waits before it, and it is not woken yet. May be called again. */
  readonly isNext: (() => void) | undefined;
  readonly wake: () => void;
}

/** What those that wait for a limit want together. */
export interface Waiting {
  readonly wanted: number;
  /** The most that one of them wants. */
  readonly largest: number;
}

const nobody: Waiting = { wanted: 0, largest: 0 };

/** Who was woken and has taken nothing by then does not want it any more: the next is woken. */
const noShowMs = 20;
/**
 * Who has taken nothing when its `wake` returns is not waited for: its mail was moved to the store, or
 * another limit keeps it. So many at a time, for all may wait for a session of the worker's.
 */
const passedOverMax = 10;

class Line implements Alarmed {
  place = -1;
  dueAt = 0;
  readonly waiters = new Set<Waiter>();
  /** What those want who were woken and have taken nothing yet. */
  woken = 0;
  wanted = 0;
  largest = 0;
  readonly due: () => void;

  constructor(due: (line: Line) => void) {
    this.due = () => due(this);
  }
}

export class WaitingLines {
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarms = new Alarms(clock);
  }

  /** Keys for which somebody waits. */
  get size(): number {
    return this.#lines.size;
  }

  /** Calls its `wake` once, when it is worth asking again; the result ends it. */
  wait(waiter: Waiter): CancelTimer {
    const { key } = waiter.bound;
    const line = this.#lineOf(key);
    line.waiters.add(waiter);
    line.wanted += waiter.wanted;
    line.largest = Math.max(line.largest, waiter.cost);
    if (line.waiters.size === 1) this.#alarms.set(line, this.#worthAt(line, waiter));
    return () => {
      if (this.#leave(line, waiter)) this.#forgetIfEmpty(key, line);
    };
  }

  /** There may be room under this key, or there is a share. */
  look(key: string): void {
    const line = this.#lines.get(key);
    if (line !== undefined) this.#alarms.set(line, this.#clock.monotonic());
  }

  /** Somebody took so much, woken or not. */
  spent(key: string, cost: number): void {
    const line = this.#lines.get(key);
    if (line === undefined || line.woken === 0) return;
    line.woken = Math.max(0, line.woken - cost);
    if (line.woken === 0) this.look(key);
  }

  /** How many wait under this key. */
  lengthOf(key: string): number {
    return this.#lines.get(key)?.waiters.size ?? 0;
  }

  waiting(key: string): Waiting {
    return this.#lines.get(key) ?? nobody;
  }

  /** These counts are over: nobody need wait for them. */
  drop(counts: Counts): void {
    for (const [key, line] of this.#lines) {
      for (const waiter of line.waiters) {
        if (waiter.bound.counts === counts) this.#leave(line, waiter);
      }
      this.#forgetIfEmpty(key, line);
    }
  }

  /** Limits have changed: everybody asks anew, each under those that apply now. */
  wakeAll(): void {
    const lines = [...this.#lines.values()];
    this.#lines.clear();
    for (const line of lines) {
      this.#alarms.clear(line);
      for (const waiter of line.waiters) if (this.#leave(line, waiter)) waiter.wake();
    }
  }

  /** Nobody is woken any more. */
  stop(): void {
    this.#alarms.stop();
    this.#lines.clear();
  }

  #lineOf(key: string): Line {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line((due) => this.#due(key, due));
      this.#lines.set(key, line);
    }
    return line;
  }

  #due(key: string, line: Line): void {
    // Its time came because somebody did not show up, or because there is something to take.
    line.woken = 0;
    this.#wakeWhoCanGo(line);
    this.#forgetIfEmpty(key, line);
  }

  #wakeWhoCanGo(line: Line): void {
    for (let passedOver = 0; ; ) {
      const [first] = line.waiters;
      if (first === undefined) return;
      const at = this.#worthAt(line, first);
      const now = this.#clock.monotonic();
      if (at > now) {
        this.#alarms.set(line, line.woken > 0 ? Math.min(at, now + noShowMs) : at);
        return first.isNext?.();
      }
      this.#leave(line, first);
      const { woken } = line;
      line.woken += first.cost;
      first.wake();
      if (line.woken < woken + first.cost) continue;
      passedOver += 1;
      if (passedOver <= passedOverMax) line.woken = woken;
    }
  }

  /** When it is worth waking, beside those that were woken already. */
  #worthAt({ woken }: Line, { bound, cost }: Waiter): number {
    // Alone what is larger than the burst may go; two of them not at once.
    const { pace } = bound;
    if (woken > 0 && pace !== undefined && woken + cost > pace.burst) {
      return Number.POSITIVE_INFINITY;
    }
    return bound.counts.earliest(bound, woken + cost, this.#clock.monotonic());
  }

  #leave(line: Line, waiter: Waiter): boolean {
    if (!line.waiters.delete(waiter)) return false;
    line.wanted = line.waiters.size === 0 ? 0 : line.wanted - waiter.wanted;
    if (line.waiters.size === 0) line.largest = 0;
    return true;
  }

  #forgetIfEmpty(key: string, line: Line): void {
    if (line.waiters.size > 0 || this.#lines.get(key) !== line) return;
    this.#alarms.clear(line);
    this.#lines.delete(key);
  }
}
