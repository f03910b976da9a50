/** When to try, again, and when to give up (RFC 5321 §4.5.4.1), as pure functions. */
import type { Random } from "#lib/random";
import type { Time, Unit } from "./unit.ts";

export interface RetryPolicy {
  /**
   * Pause after the first failure. §4.5.4.1 wants 30 minutes "in general"; bulk senders start
   * sooner and double.
   */
  readonly firstMs: number;
  readonly factor: number;
  readonly capMs: number;
}

/** ±10 %: what failed together is not tried together again. */
const jitter = 0.1;

/**
 * A unit is not tried again when less than this is left: it could not be told apart from giving up.
 */
const lastChanceMs = 1_000;

export interface AttemptsSoFar {
  /** Failed attempts, this one included; at least 1. */
  readonly attempts: number;
  readonly expiresAt: Time;
  readonly now: Time;
  readonly policy: RetryPolicy;
}

export type NextAttempt = { readonly at: Time } | { readonly giveUp: true };

/**
 * The next attempt of a unit, or its end. Where the schedule points past the lifetime the last
 * attempt is made just before the end: a sender who was promised five days gets five days.
 */
export function nextAttempt(so: AttemptsSoFar, random: Random): NextAttempt {
  const { attempts, expiresAt, now, policy } = so;
  const latest = expiresAt - lastChanceMs;
  if (now >= latest) return { giveUp: true };
  return { at: Math.min(now + retryInterval(attempts, policy, random), latest) };
}

/** The pause after so many failures in a row, with jitter. */
export function retryInterval(failures: number, policy: RetryPolicy, random: Random): number {
  const { firstMs, factor, capMs } = policy;
  const interval = Math.min(capMs, firstMs * factor ** (failures - 1));
  return Math.round(interval * (1 - jitter + 2 * jitter * random.next()));
}

export interface DelayState {
  /** As `dueFrom` has it. */
  readonly dueFrom: Time;
  readonly now: Time;
  /** 0: senders are never told of delays. */
  readonly delayNotificationMs: number;
  readonly isDelayNotified: boolean;
}

/** Once in a message's life, after it has waited for so long (RFC 3461 §5.2.6). */
export function isDelayNotificationDue(state: DelayState): boolean {
  const { now, delayNotificationMs, isDelayNotified } = state;
  if (isDelayNotified || delayNotificationMs === 0) return false;
  return now - state.dueFrom >= delayNotificationMs;
}

type Scheduled = Pick<Unit, "acceptedAt" | "notBefore">;

/** From when it may be tried: its lifetime begins here, and what counts as late. */
export function dueFrom({ acceptedAt, notBefore = acceptedAt }: Scheduled): Time {
  return Math.max(acceptedAt, notBefore);
}

/** Its sender's time has not come (ADR 0026). */
export function isScheduled(
  { notBefore = 0 }: { readonly notBefore?: Time | undefined },
  now: Time,
): boolean {
  return notBefore > now;
}

/** As if its sender had wanted it now: the whole of its lifetime is before it. */
export function released(unit: Unit, now: Time): Unit {
  const { notBefore, expiresAt } = unit;
  if (notBefore === undefined || notBefore <= now) return unit;
  return { ...unit, notBefore: now, expiresAt: now + (expiresAt - notBefore) };
}
