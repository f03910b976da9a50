/** Time that passes only when told to: a simulated week takes seconds and is the same each time. */

import { assert } from "./assert.ts";
import { type CancelTimer, type Clock, sleepOn } from "./clock.ts";

interface Timer {
  readonly dueAt: number;
  /** Ties fire in the order they were set. */
  readonly order: number;
  /** Undefined once cancelled: the heap drops it when it comes to the top. */
  task: (() => void) | undefined;
}

export class VirtualClock implements Clock {
  readonly #heap: Timer[] = [];
  #monotonic = 0;
  #wallOffset: number;
  #order = 0;
  #isRunning = false;

  constructor(startAt: number = 1_700_000_000_000) {
    this.#wallOffset = startAt;
  }

  now(): number {
    return this.#monotonic + this.#wallOffset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(delayMs: number, task: () => void): CancelTimer {
    const dueAt = this.#monotonic + Math.max(0, delayMs);
    const timer: Timer = { dueAt, order: this.#order++, task };
    push(this.#heap, timer);
    return () => {
      timer.task = undefined;
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** When the next timer is due, on `monotonic()`. */
  nextDueAt(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.task) return top.dueAt;
      pop(this.#heap);
    }
    return undefined;
  }

  /** The wall clock jumps by `ms`, either way; spans and timers do not notice. */
  step(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Lets `ms` pass. */
  advance(ms: number): Promise<void> {
    return this.#run(this.#monotonic + ms, () => false);
  }

  /**
   * Lets time pass until `now()` is at `until`, or until `until()` holds; it is asked after every
   * timer. Rejects when `until()` cannot come true any more: no timer is left, or `withinMs` have
   * passed.
   */
  async runUntil(
    until: number | (() => boolean),
    options: { readonly withinMs?: number } = {},
  ): Promise<void> {
    if (typeof until === "number") return await this.#run(until - this.#wallOffset, () => false);
    const startedAt = this.#monotonic;
    const limit = startedAt + (options.withinMs ?? Number.POSITIVE_INFINITY);
    await this.#run(limit, until);
    if (until()) return;
    const why = this.nextDueAt() === undefined ? "no timer is left" : "the time given is over";
    throw new NeverHappened(`Cannot go on waiting after ${this.#monotonic - startedAt} ms: ${why}`);
  }

  async #run(limit: number, isDone: () => boolean): Promise<void> {
    assert(!this.#isRunning, "only one caller at a time lets time pass");
    this.#isRunning = true;
    try {
      await settled();
      while (!isDone()) {
        const dueAt = this.nextDueAt();
        if (dueAt === undefined || dueAt > limit) {
          if (limit !== Number.POSITIVE_INFINITY)
            this.#monotonic = Math.max(this.#monotonic, limit);
          return;
        }
        this.#monotonic = dueAt;
        pop(this.#heap)?.task?.();
        await settled();
      }
    } finally {
      this.#isRunning = false;
    }
  }
}

/** What `runUntil` waited for did not come. */
export class NeverHappened extends Error {
  override readonly name = "NeverHappened";
}

/**
 * Every promise that can go on without a timer has gone on: microtasks run dry before a macrotask.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}

/** A binary heap: a simulation holds many thousand timers. */
function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const parentAt = (at - 1) >> 1;
    const parent = heap[parentAt];
    if (!parent || isBefore(parent, timer)) break;
    heap[at] = parent;
    at = parentAt;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last && heap.length > 0) sink(heap, last);
  return top;
}

function sink(heap: Timer[], timer: Timer): void {
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (!left) break;
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (isBefore(timer, child)) break;
    heap[at] = child;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = timer;
}
