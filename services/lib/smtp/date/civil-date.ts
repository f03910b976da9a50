/** Days of the Gregorian calendar, without a clock or a zone. */

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/**
 * Gregorian date of a day count since 1970-01-01. Years are counted from 1 March, so that the leap
 * day is the last of its year and month lengths follow one linear formula.
 */
export function civilDate(days: number): CivilDate {
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

/** The other way round; a day that its month has not is one of the next. */
export function dayCount({ year, month, day }: CivilDate): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const marchMonth = month <= 2 ? month + 9 : month - 3;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const yearStart = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5) + day - 1;
  return era * 146_097 + yearStart + dayOfYear - 719_468;
}
