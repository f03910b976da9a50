/** RFC 5322 §3.3 date-time, always in UTC: what we write never depends on the machine's zone. */

import { civilDate } from "#lib/smtp/date/civil-date";

const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const monthNames = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
] as const;

const dayMs = 86_400_000;

/** `Tue, 24 Nov 2026 14:30:57 +0000` for milliseconds since the epoch. */
export function dateTime(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const seconds = Math.floor((ms - days * dayMs) / 1000);
  const { year, month, day } = civilDate(days);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const clock = `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`;
  // 1 January 1970 was a Thursday.
  const weekday = dayNames[(((days + 4) % 7) + 7) % 7];
  return `${weekday}, ${day} ${monthNames[month - 1]} ${year} ${clock} +0000`;
}

function twoDigits(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}
