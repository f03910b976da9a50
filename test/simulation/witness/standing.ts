/** Which incarnations still count, and whether times can be compared. */
import type { Clock } from "#lib/clock";
import type { Epoch } from "#lib/leases/leases";
import type { Incarnation } from "#lib/stream/journal";
import type { ShardState } from "./ledger.ts";

/** After a step of the wall clock times of before and after it cannot be compared. */
const stepForgottenMs = 300_000;
/** A transaction that was under way is through by then. */
const arrivalMsMax = 1_000;

export class Standing {
  readonly #clock: Clock;
  readonly #over = new Set<Incarnation>();
  readonly #paused = new Set<Incarnation>();
  #steppedAt = Number.NEGATIVE_INFINITY;
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The incarnation was killed or its journal sealed. */
  over(writer: Incarnation): void {
    this.#over.add(writer);
  }

  paused(writer: Incarnation): void {
    this.#paused.add(writer);
  }

  resumed(writer: Incarnation): void {
    this.#paused.delete(writer);
  }

  /** What was under way while a host could not be reached arrives now: who sent it may have given it up. */
  networkIsBack(): void {
    this.#backAt = this.#clock.monotonic();
  }

  get isArrivingLate(): boolean {
    return this.#clock.monotonic() - this.#backAt <= arrivalMsMax;
  }

  clockStepped(): void {
    this.#steppedAt = this.#clock.monotonic();
  }

  get isTimeComparable(): boolean {
    return this.#clock.monotonic() - this.#steppedAt > stepForgottenMs;
  }

  get hasClockStepped(): boolean {
    return Number.isFinite(this.#steppedAt);
  }

  isOver(writer: Incarnation): boolean {
    return this.#over.has(writer);
  }

  isPaused(writer: Incarnation): boolean {
    return this.#paused.has(writer);
  }

  /** It does not own the shard any more, or owns it anew. */
  hasLost(writer: Incarnation, shard: ShardState, epoch: Epoch | undefined): boolean {
    return this.isOver(writer) || shard.owner !== writer || epoch !== shard.epoch;
  }
}
