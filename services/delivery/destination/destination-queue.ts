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
import { type BacklogName, backlogOf } from "#lib/queue/backlog-name";
import type { Destination, Time } from "#lib/queue/unit";
import type { Hold } from "#lib/store/store";
import type { DeliveryLimits } from "../config.ts";
import type { Located } from "../path/site.ts";
import type { QueuedUnit } from "../shard/queued-unit.ts";
import { Backlogs } from "../waiting/backlogs.ts";
import { Tally } from "../waiting/tally.ts";
import { AdaptiveWindow, type WindowBounds } from "./adaptive-window.ts";
import {
  type Admit,
  type Lane,
  type LaneOf,
  ReadyQueue,
  type ReadyQueueOptions,
} from "./ready-queue.ts";

export interface Down {
  readonly reason: string;
  readonly since: Time;
  readonly until: Time;
  readonly cancel: CancelTimer;
}

export interface DestinationQueuePorts extends Pick<ReadyQueueOptions, "weightOf"> {
  /** With the provider, as far as it is known. */
  readonly laneOf: (queued: QueuedUnit, provider: string | undefined) => LaneOf;
  readonly clock: Clock;
  readonly limits: DeliveryLimits;
}

/** A tenant may have so many times what is left free: there is always room for another one's first. */
const tenantShare = 3;

export class DestinationQueue {
  readonly destination: Destination;
  readonly backlogs = new Backlogs();
  readonly #clock: Clock;
  readonly #limits: DeliveryLimits;
  readonly #ready: ReadyQueue;
  readonly #readyFromStore = new Tally<BacklogName>();
  #running = 0;
  /** One, until its path is known. */
  readonly #window = new AdaptiveWindow({ first: 1, max: 1 });
  #failures = 0;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  #down: Down | undefined;
  hold: Hold | undefined;
  lastError: string | undefined;
  /** Where its mail goes; nothing is taken before it is known. */
  located: Located | undefined;

  constructor(destination: Destination, ports: DestinationQueuePorts) {
    const { clock, limits } = ports;
    this.destination = destination;
    this.#clock = clock;
    this.#limits = limits;
    this.#ready = new ReadyQueue({
      weightOf: ports.weightOf,
      laneOf: (queued) => ports.laneOf(queued, this.located?.site.provider),
    });
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  get lanes(): Iterable<Lane> {
    return this.#ready.lanes;
  }

  /** Ready ones that came from the store: what is new must not keep the backlog from being read. */
  readyFromStore(backlog: BacklogName): number {
    return this.#readyFromStore.of(backlog);
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

  /**
   * No room for this one. New mail of a tenant that has much of the room already is moved to the
   * store while there is some left for others (dynamic thresholds: Choudhury and Hahne 1998).
   */
  isFullFor(queued: QueuedUnit): boolean {
    const units = this.roomUnits;
    if (units === 0 || queued.origin.kind === "store") return units === 0;
    const tenant = this.#ready.ofTenant(queued.unit.tenant ?? "");
    const bytes = this.#limits.readyBytesMax - this.#ready.bytes;
    return tenant.units >= tenantShare * units || tenant.bytes >= tenantShare * bytes;
  }

  /** Units that each backlog may have in memory: together half of the room, so that all have some. */
  get backlogPart(): number {
    const part = this.#limits.readyUnitsMax / (2 * Math.max(1, this.backlogs.count));
    return Math.max(1, Math.floor(part));
  }

  /** Units that may still come. */
  get roomUnits(): number {
    if (this.#ready.bytes >= this.#limits.readyBytesMax) return 0;
    return Math.max(0, this.#limits.readyUnitsMax - this.#ready.length);
  }

  /** Sessions that are sensible now. */
  get window(): number {
    return this.#window.size;
  }

  set windowBounds(bounds: WindowBounds) {
    this.#window.bounds = bounds;
  }

  /** Another session may be started: something is ready that no limit keeps back. */
  get canStart(): boolean {
    if (this.#ready.startable === 0 || this.isClosed) return false;
    // In doubt those that run will tell; then one after the other is tried.
    return this.#running < (this.isInDoubt ? 1 : this.window);
  }

  /** Another unit may follow over a session that has sent one: there is no place for more sessions. */
  get canFollow(): boolean {
    if (this.#ready.startable === 0 || this.isClosed || this.isInDoubt) return false;
    return this.#running <= this.window;
  }

  /** A host failed, and nothing has told yet that another is there. */
  get isInDoubt(): boolean {
    return this.#window.isInDoubt;
  }

  /** It was down, and nothing has succeeded since. */
  get isOnTrial(): boolean {
    return this.#failures > 0;
  }

  /** Nothing is known about it that must be remembered. */
  get isForgettable(): boolean {
    return (
      this.#ready.length === 0 &&
      this.#running === 0 &&
      this.#down === undefined &&
      this.backlogs.isEmpty
    );
  }

  push(queued: QueuedUnit): void {
    queued.isInFlight = false;
    this.#ready.push(queued);
    this.#countFromStore(queued, 1);
  }

  /** The next in turn that `admit` lets go; a lane whose first is not let go waits until `unblock`. */
  take(admit: Admit): QueuedUnit | undefined {
    if (this.isClosed) return undefined;
    const queued = this.#ready.take(admit);
    if (queued === undefined) return undefined;
    this.#countFromStore(queued, -1);
    queued.isInFlight = true;
    return queued;
  }

  /** Into the lanes to which they belong by now. */
  relane(lane: Lane): void {
    for (const queued of this.#ready.empty(lane)) this.#ready.push(queued);
  }

  /** A limit keeps the lane back, until `unblock`. */
  block(lane: Lane): void {
    this.#ready.block(lane);
  }

  unblock(lane: Lane): void {
    this.#ready.unblock(lane);
  }

  /** Takes out everything that waits. Of those that are closed there may be many: nothing else is kept. */
  drain(): QueuedUnit[] {
    const taken = this.#takeOut(() => true);
    this.#ready.forgetEmptyLanes();
    return taken;
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
    if (!this.#hasOlder(since)) return [];
    return this.#takeOut((queued) => queued.origin.kind === "log" && queued.since < since);
  }

  #hasOlder(since: number): boolean {
    for (const { units } of this.#ready.lanes) {
      const oldest = units.peek();
      if (oldest !== undefined && oldest.since < since) return true;
    }
    return false;
  }

  #takeOut(test: (queued: QueuedUnit) => boolean): QueuedUnit[] {
    const taken = this.#ready.takeOut(test);
    for (const queued of taken) this.#countFromStore(queued, -1);
    return taken;
  }

  #countFromStore({ origin, unit }: QueuedUnit, by: 1 | -1): void {
    if (origin.kind !== "store") return;
    if (by === 1) this.#readyFromStore.came(backlogOf(unit));
    else this.#readyFromStore.left(backlogOf(unit));
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
    this.#window.succeeded();
  }

  /**
   * No host could be used in an attempt that began at `startedAt`. The destination is down when all
   * its sessions say so and none had success since; returns how often in a row, or 0 if it is up.
   */
  failed(startedAt: number): number {
    if (this.#lastSuccessAt >= startedAt) {
      this.#window.shrink();
      return 0;
    }
    if (this.#down !== undefined) return this.#failures;
    if (!this.#window.failed(this.#running)) return 0;
    this.#failures += 1;
    return this.#failures;
  }

  /** Closes the destination until a time; `reopen` is called then. One timer, however much waits. */
  goDown(reason: string, until: Time, reopen: () => void): void {
    this.#down?.cancel();
    const now = this.#clock.now();
    this.#window.restart();
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
