/** A clock that moves only when a test moves it. */
import { type CancelTimer, type Clock, sleepOn } from "#lib/clock";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_795_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  get timers(): number {
    return this.#timers.size;
  }

  after(delayMs: number, task: () => void): CancelTimer {
    this.#order += 1;
    const timer = { at: this.#monotonic + Math.max(0, delayMs), order: this.#order, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Moves both clocks and fires what is due, in order of time. */
  advance(spanMs: number): void {
    const end = this.#monotonic + spanMs;
    for (;;) {
      const next = this.#next(end);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#move(next.at);
      next.task();
    }
    this.#move(end);
  }

  /** Moves the clock on the wall alone, as an operator or NTP does. */
  step(spanMs: number): void {
    this.#now += spanMs;
  }

  #move(to: number): void {
    this.#now += to - this.#monotonic;
    this.#monotonic = to;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      const isSooner = next === undefined || timer.at < next.at;
      if (isSooner || (timer.at === next?.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}
