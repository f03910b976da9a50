/** RFC 5322 §3.3 date-time, always in UTC: what we write never depends on the machine's zone. */

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

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * Gregorian date of a day count since 1970-01-01. Years are counted from 1 March, so that the leap
 * day is the last of its year and month lengths follow one linear formula.
 */
function civilDate(days: number): CivilDate {
  const daysPerEra = 146_097; // 400 years
  const sinceMarch0 = days + 719_468; // 0000-03-01
  const era = Math.floor(sinceMarch0 / daysPerEra);
  const dayOfEra = sinceMarch0 - era * daysPerEra;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const yearStart = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - yearStart;
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

function twoDigits(n: number): string {
  return n < 10 ? `0${n}` : `${n}`;
}
