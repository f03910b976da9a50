/**
 * Who may have shards: members that stay, and have been here for a while. A newcomer waits, so that a
 * worker that comes and goes moves nothing; who goes or is leaving does not count at once, because
 * only its own shards move then (ADR 0011). Nor does one of whom nothing is heard but what stood
 * there when we came: to those who were here before it may be dead already.
 */
import type { Clock } from "#lib/clock";
import type { Member } from "#lib/leases/leases";
import { heartbeatValidMs } from "#lib/leases/membership";
import type { Incarnation } from "#lib/stream/journal";

export class Candidates {
  readonly #clock: Clock;
  readonly #stableMs: number;
  /** When each was there first for us (monotonic). */
  #since: ReadonlyMap<Incarnation, number> = new Map();
  /** When one was not there any more that had not said it would leave (monotonic). */
  #lostAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, stableMs: number) {
    this.#clock = clock;
    this.#stableMs = stableMs;
  }

  /** Those that count, now that these are members. */
  among(members: readonly Member[]): readonly Incarnation[] {
    const now = this.#clock.monotonic();
    const here = members.filter(isStaying).map((member) => {
      return { member, since: this.#since.get(member.incarnation) ?? now };
    });
    const present = new Set(members.map(({ incarnation }) => incarnation));
    if ([...this.#since.keys()].some((name) => !present.has(name))) this.#lostAt = now;
    this.#since = new Map(here.map(({ member, since }) => [member.incarnation, since]));
    return here.flatMap(({ member, since }) => {
      const isNew = now - since < this.#stableMs;
      return isNew || this.#isMute(member, since) ? [] : [member.incarnation];
    });
  }

  /**
   * While one is newly dead: those of `counted` that have been here for long enough to know it, each
   * by its own clock. None, when nobody died.
   */
  knowing(counted: readonly Incarnation[]): readonly Incarnation[] {
    const now = this.#clock.monotonic();
    if (now - this.#lostAt > heartbeatValidMs) return [];
    return counted.filter((name) => now - (this.#since.get(name) ?? now) >= heartbeatValidMs);
  }

  /** Those that stay, newcomers too; not those that have had the time to say a word, and did not. */
  withNewcomers(members: readonly Member[]): readonly Incarnation[] {
    const now = this.#clock.monotonic();
    return members.filter(isStaying).flatMap((member) => {
      const since = this.#since.get(member.incarnation) ?? now;
      return this.#isMute(member, since) ? [] : [member.incarnation];
    });
  }

  /** Its last word was there when we came, or it came, and since then it had the time for another. */
  #isMute({ silentMs }: Member, since: number): boolean {
    // Nobody waits: who is alone must not wait for its own second word either.
    if (this.#stableMs === 0) return false;
    const now = this.#clock.monotonic();
    return now - since >= this.#stableMs && now - silentMs <= since;
  }
}

const isStaying = ({ standing }: Member): boolean => standing === "staying";
