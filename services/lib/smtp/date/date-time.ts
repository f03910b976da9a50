/** A time as RFC 3339 §5.6 writes it: `2026-12-24T18:00:00Z`, `2026-12-24T19:00:00.5+01:00`. */
import { civilDate, dayCount } from "./civil-date.ts";

const form =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/i;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Milliseconds since the epoch; undefined when it is none, or no day of the calendar. */
export function parseDateTime(text: string): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = numbers(match.slice(1, 7));
  const days = dayCount({ year, month, day });
  // What the calendar has not, such as 30 February, would be a later day.
  const date = civilDate(days);
  if (date.month !== month || date.day !== day) return undefined;
  // RFC 3339 §5.7: a leap second is a second of 60; here it is the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offset = offsetMs(match);
  if (offset === undefined) return undefined;
  const ms = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const at = days * dayMs + (hour * 60 + minute) * minuteMs + second * 1_000 + ms - offset;
  return at < 0 ? undefined : at;
}

/** In UTC, whole seconds. */
export function dateTimeText(at: number): string {
  const days = Math.floor(at / dayMs);
  const seconds = Math.floor((at - days * dayMs) / 1_000);
  const { year, month, day } = civilDate(days);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const date = [String(year).padStart(4, "0"), twoDigits(month), twoDigits(day)].join("-");
  return `${date}T${parts.map(twoDigits).join(":")}Z`;
}

function twoDigits(n: number): string {
  return String(n).padStart(2, "0");
}

function numbers(texts: readonly (string | undefined)[]) {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = texts.map(Number);
  return [year, month, day, hour, minute, second] as const;
}

/** How far the clock that it was read from is ahead of UTC. */
function offsetMs(match: readonly (string | undefined)[]): number | undefined {
  const [sign, hours, minutes] = [match[8], Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hours > 23 || minutes > 59) return undefined;
  const ms = (hours * 60 + minutes) * minuteMs;
  return sign === "-" ? -ms : ms;
}
