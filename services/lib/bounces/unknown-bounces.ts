/** The words of those whose class nobody knows, counted: what the next rules should be about. */
import type { Time } from "#lib/queue/unit";

export interface UnknownBounces {
  /** As `normalisedReply` has it. */
  readonly text: string;
  readonly count: number;
  readonly lastAt: Time;
  /** One that was so, as it was. */
  readonly example: string;
}

export interface UnknownQuery {
  readonly since?: Time;
  readonly until?: Time;
  readonly limit: number;
}

/** Different texts of a day that are kept apart, of one writer; more are counted as one. */
export const unknownTextsMax = 500;
export const otherTexts = "(other texts)";

/** Adds up days and writers; the most frequent first. */
export function mostFrequent(
  rows: Iterable<UnknownBounces>,
  limit: number,
): readonly UnknownBounces[] {
  const sums = new Map<string, UnknownBounces>();
  for (const row of rows) {
    const sum = sums.get(row.text);
    if (sum === undefined) sums.set(row.text, row);
    else {
      const newer = row.lastAt > sum.lastAt ? row : sum;
      sums.set(row.text, { ...newer, count: sum.count + row.count });
    }
  }
  return [...sums.values()]
    .sort((a, b) => b.count - a.count || b.lastAt - a.lastAt)
    .slice(0, limit);
}
