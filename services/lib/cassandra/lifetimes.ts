/**
 * How long rows live. A unit that nobody could look at for so long after its own lifetime is gone: that
 * takes a cluster that stands still for days (ADR 0010).
 */
import type { Time } from "#lib/queue/unit";

const dayMs = 86_400_000;
/** The longest that Cassandra takes. */
const secondsMax = 630_720_000;

/** Beyond the unit's lifetime, or the row's due time where it has one. */
const keptMs = {
  content: 3 * dayMs,
  backlog: 3 * dayMs,
  unit: 9 * dayMs,
  wheel: 10 * dayMs,
  waiting: dayMs,
  finished: 14 * dayMs,
  emptied: dayMs,
} as const;

/** When a row of this kind goes. */
export function goneAt(kind: keyof typeof keptMs, until: Time, now: Time): Time {
  return Math.max(until, now) + keptMs[kind];
}

export function ttlOf(at: Time, now: Time): number {
  return Math.min(secondsMax, Math.max(1, Math.ceil((at - now) / 1_000)));
}

/** Rows that lead to others live this much longer, so that they need not be written for each. */
export const indexSlackMs = dayMs;
