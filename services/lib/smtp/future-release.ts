/** FUTURERELEASE: a submitter says from when on its message may be sent (RFC 4865). */
import { parseDecimal } from "./ascii.ts";
import { dateTimeText, parseDateTime } from "./date/date-time.ts";

/** How far ahead a message may be submitted, and from when that counts. */
export interface FutureRelease {
  readonly now: number;
  readonly msMax: number;
}

/** RFC 4865 §3: at most 999,999,999 seconds. */
const intervalDigitsMax = 9;

/** As EHLO offers it (RFC 4865 §3): both limits, for both parameters of MAIL. */
export function futureReleaseKeyword({ now, msMax }: FutureRelease): string {
  return `FUTURERELEASE ${Math.floor(msMax / 1_000)} ${dateTimeText(now + msMax)}`;
}

/** The value of HOLDFOR, as a time. Undefined when it is none, or further ahead than is offered. */
export function heldFor(value: string, { now, msMax }: FutureRelease): number | undefined {
  const seconds = value.startsWith("0") ? undefined : parseDecimal(value, intervalDigitsMax);
  if (seconds === undefined || seconds * 1_000 > msMax) return undefined;
  return now + seconds * 1_000;
}

/** The same of HOLDUNTIL. One that is over is taken: mail may have been on its way for long. */
export function heldUntil(value: string, { now, msMax }: FutureRelease): number | undefined {
  const at = parseDateTime(value);
  return at === undefined || at > now + msMax ? undefined : at;
}
