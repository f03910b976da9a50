/**
 * GCRA (ADR 0012): the state of a rate is one time, when all that was taken will be paid for.
 * Times are monotonic milliseconds.
 */
import { assert } from "#lib/assert";
import type { Rate } from "./rate.ts";

/** A rate as it is reckoned with; a share of one has fractions of a message per time. */
export interface Pace {
  /** Between two of them. */
  readonly intervalMs: number;
  readonly burst: number;
}

export interface Meter {
  /** When all that was taken is paid for. In the past: it is as good as new. */
  paidAt: number;
  /** In which the debt was made: a changed rate keeps the debt in messages, not in time. */
  readonly intervalMs: number;
  /** Of all that was taken; absent: nothing. */
  givenBackMs?: number;
}

/** Sums of fractions may miss the moment by their last digits; what is paid for is not in doubt. */
const dustMs = 0.001;

export function paceOf({ amount, periodMs, burst }: Rate): Pace {
  return { intervalMs: periodMs / amount, burst };
}

/** The time at which so much may go; in the past, or now: it may. */
export function earliestAt(pace: Pace, cost: number, paidAt: number): number {
  // What is larger than the burst goes when all is paid for; else it would wait for ever.
  return paidAt - (pace.burst - Math.min(cost, pace.burst)) * pace.intervalMs - dustMs;
}

/** Takes so much at `now`. */
export function take(meter: Meter, cost: number, { pace, now }: Going): void {
  assert(earliestAt(pace, cost, meter.paidAt) <= now, "nothing goes before its time");
  meter.paidAt = Math.max(meter.paidAt, now) + cost * pace.intervalMs;
}

/** What was taken, and the meter as it was after it. */
export interface Taken {
  readonly cost: number;
  readonly after: Meter;
}

/**
 * Gives back what was taken and not used, and tells whether that is anything. As if it had not been
 * taken at all, but for what would have been no use meanwhile: tokens that grew beyond the burst. As
 * long as it is not all paid for, they would have grown for so long at the most.
 */
export function giveBack(meter: Meter, { cost, after }: Taken, now: number): boolean {
  // What was taken before, and given back since, is not unpaid any more.
  const givenBackMs = (meter.givenBackMs ?? 0) - (after.givenBackMs ?? 0);
  const backMs = Math.min(cost * after.intervalMs, after.paidAt - givenBackMs - now);
  if (backMs <= 0) return false;
  meter.paidAt -= backMs;
  meter.givenBackMs = (meter.givenBackMs ?? 0) + backMs;
  return true;
}

interface Going {
  readonly pace: Pace;
  readonly now: number;
}

/** The same debt, to be paid at another pace from now on. */
export function changedPace(meter: Meter, intervalMs: number, now: number): Meter {
  const debt = Math.max(0, meter.paidAt - now) / meter.intervalMs;
  return { paidAt: now + debt * intervalMs, intervalMs };
}

/** How much may go at `now`, with fractions. */
export function tokensOf(pace: Pace, paidAt: number, now: number): number {
  return pace.burst - Math.max(0, paidAt - now) / pace.intervalMs;
}
