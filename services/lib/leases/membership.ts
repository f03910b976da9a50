/** Who has told lately that it lives. */
import type { Clock } from "#lib/clock";
import type { Incarnation } from "#lib/stream/journal";
import type { Member, Standing } from "./leases.ts";

/** Others may claim a silent owner's shards after this. */
export const heartbeatValidMs = 30_000;

export class Membership {
  readonly #clock: Clock;
  readonly #heard = new Map<Incarnation, { readonly at: number; readonly standing: Standing }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hear(member: Incarnation, standing: Standing): void {
    this.#heard.set(member, { at: this.#clock.monotonic(), standing });
  }

  forget(member: Incarnation): void {
    this.#heard.delete(member);
  }

  /** Forgets those who had been silent for too long at the time of `asOf`. */
  living(asOf = this.#clock.monotonic()): readonly Member[] {
    const now = this.#clock.monotonic();
    const members: Member[] = [];
    for (const [incarnation, { at, standing }] of this.#heard) {
      if (asOf - at >= heartbeatValidMs) this.#heard.delete(incarnation);
      else members.push({ incarnation, standing, silentMs: now - at });
    }
    return members;
  }
}
