/**
 * Who may have shards: members that stay, and have been here for a while. A newcomer waits, so that a
 * worker that comes and goes moves nothing; who goes or is leaving does not count at once, because
 * only its own shards move then (ADR 0011).
 */
import type { Clock } from "#lib/clock";
import type { Member } from "#lib/leases/leases";
import type { Incarnation } from "#lib/stream/journal";

export class Candidates {
  readonly #clock: Clock;
  readonly #stableMs: number;
  #since: ReadonlyMap<Incarnation, number> = new Map();

  constructor(clock: Clock, stableMs: number) {
    this.#clock = clock;
    this.#stableMs = stableMs;
  }

  /** Those that count, now that these are members. */
  among(members: readonly Member[]): readonly Incarnation[] {
    const now = this.#clock.monotonic();
    const here = staying(members).map((name) => [name, this.#since.get(name) ?? now] as const);
    this.#since = new Map(here);
    return here.flatMap(([name, since]) => (now - since >= this.#stableMs ? [name] : []));
  }
}

export function staying(members: readonly Member[]): readonly Incarnation[] {
  return members
    .filter(({ standing }) => standing === "staying")
    .map(({ incarnation }) => incarnation);
}
