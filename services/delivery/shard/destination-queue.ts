/**
 * One destination of a shard: what is ready for it, and whether it may be tried.
 *
 *   open ──(no host usable)──▶ down ──(its timer)──▶ open, with one session until a success
 *   any  ──(operator)────────▶ held ──(operator)───▶ as before
 *
 * Units never wait here while the destination is down or held: they are in the backlog, so that
 * a million of them cost one timer and no memory.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import { Fifo } from "#lib/queue/fifo";
import type { Destination, Time } from "#lib/queue/unit";
import type { Hold } from "#lib/store/store";
import type { DeliveryLimits } from "../config.ts";
import { BacklogCursor } from "../waiting/backlog-cursor.ts";
import type { QueuedUnit } from "./queued-unit.ts";

export interface Down {
  readonly reason: string;
  readonly since: Time;
  readonly until: Time;
  readonly cancel: CancelTimer;
}

export class DestinationQueue {
  readonly destination: Destination;
  readonly backlog = new BacklogCursor();
  readonly #clock: Clock;
  readonly #limits: DeliveryLimits;
  readonly #ready = new Fifo<QueuedUnit>();
  #readyBytes = 0;
  #readyFromStore = 0;
  #running = 0;
  #window: number;
  #failures = 0;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  #down: Down | undefined;
  hold: Hold | undefined;
  lastError: string | undefined;

  constructor(destination: Destination, clock: Clock, limits: DeliveryLimits) {
    this.destination = destination;
    this.#clock = clock;
    this.#limits = limits;
    this.#window = limits.sessionsPerDestinationFirst;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  /** Ready ones that came from the store: what is new must not keep the backlog from being read. */
  get readyFromStore(): number {
    return this.#readyFromStore;
  }

  get running(): number {
    return this.#running;
  }

  get down(): Down | undefined {
    return this.#down;
  }

  get isClosed(): boolean {
    return this.#down !== undefined || this.hold !== undefined;
  }

  get isFull(): boolean {
    return this.roomUnits === 0;
  }

  /** Units that may still come. */
  get roomUnits(): number {
    if (this.#readyBytes >= this.#limits.readyBytesMax) return 0;
    return Math.max(0, this.#limits.readyUnitsMax - this.#ready.length);
  }

  /** Sessions it may have now. */
  get window(): number {
    return this.#window;
  }

  /** Another session may be started. */
  get canStart(): boolean {
    return this.#ready.length > 0 && !this.isClosed && this.#running < this.#window;
  }

  /** Nothing is known about it that must be remembered. */
  get isForgettable(): boolean {
    return (
      this.#ready.length === 0 &&
      this.#running === 0 &&
      this.#down === undefined &&
      this.backlog.isEmpty
    );
  }

  push(queued: QueuedUnit): void {
    queued.isInFlight = false;
    this.#ready.push(queued);
    this.#count(queued, 1);
  }

  take(): QueuedUnit | undefined {
    if (this.isClosed) return undefined;
    const queued = this.#ready.shift();
    if (queued === undefined) return undefined;
    this.#count(queued, -1);
    queued.isInFlight = true;
    return queued;
  }

  /** Takes out everything that waits. */
  drain(): QueuedUnit[] {
    return this.#takeOut(() => true);
  }

  /** Takes out what an operator cancelled. */
  drainCancelled(): QueuedUnit[] {
    return this.#takeOut((queued) => queued.isCancelled);
  }

  /** Takes out what waited for longer than it may live. */
  drainExpired(now: Time): QueuedUnit[] {
    return this.#ready.length === 0 ? [] : this.#takeOut(({ unit }) => unit.expiresAt <= now);
  }

  /** Takes out what came from the log before `since`: it keeps the floor from rising. */
  drainLogged(since: number): QueuedUnit[] {
    const oldest = this.#ready.peek();
    if (oldest === undefined || oldest.since >= since) return [];
    return this.#takeOut((queued) => queued.origin.kind === "log" && queued.since < since);
  }

  #takeOut(test: (queued: QueuedUnit) => boolean): QueuedUnit[] {
    const taken = this.#ready.take(test);
    for (const queued of taken) this.#count(queued, -1);
    return taken;
  }

  #count(queued: QueuedUnit, by: 1 | -1): void {
    this.#readyBytes += by * queued.bytes;
    if (queued.origin.kind === "store") this.#readyFromStore += by;
  }

  sessionStarted(): void {
    this.#running += 1;
  }

  sessionEnded(): void {
    this.#running -= 1;
  }

  /** A host took a transaction, whatever it said of the message. */
  succeeded(): void {
    this.#failures = 0;
    this.#lastSuccessAt = this.#clock.monotonic();
    if (this.#window < this.#limits.sessionsPerDestinationMax) this.#window += 1;
  }

  /**
   * No host could be used in an attempt that began at `startedAt`. The destination is down unless
   * another session had success since; returns the number of failures in a row, or 0 if it is up.
   */
  failed(startedAt: number): number {
    if (this.#lastSuccessAt >= startedAt) {
      this.#window = Math.max(1, this.#window >> 1);
      return 0;
    }
    if (this.#down === undefined) this.#failures += 1;
    return this.#failures;
  }

  /** Closes the destination until a time; `reopen` is called then. One timer, however much waits. */
  goDown(reason: string, until: Time, reopen: () => void): void {
    this.#down?.cancel();
    const now = this.#clock.now();
    this.#window = 1;
    this.lastError = reason;
    const cancel = this.#clock.after(until - now, () => {
      this.#down = undefined;
      reopen();
    });
    this.#down = { reason, since: now, until, cancel };
  }

  /** An operator's retry, or the end of ownership: the timer goes. */
  goUp(): void {
    this.#down?.cancel();
    this.#down = undefined;
  }
}
