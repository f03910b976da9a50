/** Figures of several runs as text. */
import { spreadOf } from "../statistics.ts";

/**
 * Of one contestant to another, run by run: they took turns, so that what else happened on the
 * machine is in both.
 */
export function ratiosOf(values: readonly number[], base: readonly number[]): readonly number[] {
  return values.flatMap((value, i) => {
    const under = base[i];
    return under === undefined || under === 0 ? [] : [value / under];
  });
}

/** `5 (4–6)`: the median with its spread; `5` of one run; nothing of none. */
export function spreadText(values: readonly number[], digits = 0): string {
  if (values.length === 0) return "";
  const { median, least, most } = spreadOf(values);
  const [middle, low, high] = [median, least, most].map((it) => it.toFixed(digits));
  return values.length === 1 ? `${middle}` : `${middle} (${low}–${high})`;
}
