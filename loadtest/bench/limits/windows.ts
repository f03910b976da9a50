/** Whether moments at which something happened keep to a limit. In milliseconds, ascending. */
import type { Pace } from "#lib/limits/meter";

/** The most that happened within any `windowMs`, wherever it begins. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [n, at] of times.entries()) {
    while (at - (times[first] ?? at) > windowMs) first += 1;
    most = Math.max(most, n - first + 1);
  }
  return most;
}

/**
 * How much later or earlier than it was sent something must have been seen, if the limit was kept to:
 * 0 when what was seen keeps to it in windows of every length (ADR 0012 §3).
 */
export function jitterMs(times: readonly number[], { intervalMs, burst }: Pace): number {
  let paidAt = Number.NEGATIVE_INFINITY;
  let most = 0;
  for (const at of times) {
    most = Math.max(most, paidAt - (burst - 1) * intervalMs - at);
    paidAt = Math.max(paidAt, at) + intervalMs;
  }
  return most;
}

/** How many happened in each second from `from` on; what is left of the last one is left out. */
export function perSecond(times: readonly number[], from: number, until: number): number[] {
  const counts = Array.from({ length: Math.floor((until - from) / 1_000) }, () => 0);
  for (const at of times) {
    const second = Math.floor((at - from) / 1_000);
    if (counts[second] !== undefined) counts[second] += 1;
  }
  return counts;
}

export function between(times: readonly number[], from: number, until: number): readonly number[] {
  return times.filter((at) => at >= from && at < until);
}
