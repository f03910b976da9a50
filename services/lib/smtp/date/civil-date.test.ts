import { expect, test } from "bun:test";
import { civilDate, dayCount } from "./civil-date.ts";

const dayMs = 86_400_000;

test("each day of four hundred years is the one that the calendar has", () => {
  const first = dayCount({ year: 1_900, month: 1, day: 1 });
  expect(first).toBe(Date.UTC(1_900, 0, 1) / dayMs);
  for (let days = first; days < first + 146_097; days++) {
    const date = new Date(days * dayMs);
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    const found = civilDate(days);
    if (found.year !== year || found.month !== month || found.day !== day) {
      expect([days, found]).toEqual([days, { year, month, day }]);
    }
    if (dayCount(found) !== days) expect([found, dayCount(found)]).toEqual([found, days]);
  }
});

test("a day that its month has not is one of the next", () => {
  expect(civilDate(dayCount({ year: 2_026, month: 2, day: 30 }))).toEqual({
    year: 2_026,
    month: 3,
    day: 2,
  });
});
