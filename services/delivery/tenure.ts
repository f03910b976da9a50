/**
 * How sure this incarnation may be that its shards are still its own: by its own clock that never
 * steps, because after a pause nobody has told it yet (DESIGN §5).
 *
 *   sure ──no heartbeat for a while──▶ unsure ──a heartbeat──▶ sure
 *   sure, unsure ──no heartbeat for as long as one is valid──▶ expired, for good
 *
 * The store knows no fencing: what an expired owner wrote there would be tried once more by nobody's
 * leave. So nothing is written unless sure.
 */
import type { Clock } from "#lib/clock";
import { heartbeatValidMs } from "#lib/leases/membership";

export class Tenure {
  readonly #clock: Clock;
  readonly #unsureAfterMs: number;
  #heardAt: number;
  #isExpired = false;

  constructor(clock: Clock, unsureAfterMs: number) {
    this.#clock = clock;
    this.#unsureAfterMs = unsureAfterMs;
    this.#heardAt = clock.monotonic();
  }

  get silentMs(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  get isSure(): boolean {
    return !this.isExpired && this.silentMs < this.#unsureAfterMs;
  }

  /** Others may have claimed everything by now. */
  get isExpired(): boolean {
    if (this.silentMs >= heartbeatValidMs) this.#isExpired = true;
    return this.#isExpired;
  }

  /** A heartbeat sent at `sentAt` was recorded: others may have seen it that early. */
  heard(sentAt: number): void {
    if (!this.isExpired) this.#heardAt = Math.max(this.#heardAt, sentAt);
  }
}
