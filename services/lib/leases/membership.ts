/** Who has told lately that it lives. */
import type { Clock } from "#lib/clock";
import type { Incarnation } from "#lib/stream/journal";

/** Others may claim a silent owner's shards after this. */
export const heartbeatValidMs = 30_000;

export class Membership {
  readonly #clock: Clock;
  readonly #heardAt = new Map<Incarnation, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(member: Incarnation): void {
    this.#heardAt.set(member, this.#clock.monotonic());
  }

  forget(member: Incarnation): void {
    this.#heardAt.delete(member);
  }

  living(): readonly Incarnation[] {
    const now = this.#clock.monotonic();
    for (const [member, heardAt] of this.#heardAt) {
      if (now - heardAt >= heartbeatValidMs) this.#heardAt.delete(member);
    }
    return [...this.#heardAt.keys()];
  }
}
