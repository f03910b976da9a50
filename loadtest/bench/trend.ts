/** Whether what was looked at again and again for a long time grows. */
import { table } from "../../services/cli/table.ts";

export interface Quantity {
  readonly name: string;
  /** Shown beside the name; values are told in it. */
  readonly unit: "MiB" | "";
  /** A change below this is noise: a garbage collector's, a batch's. */
  readonly slack: number;
  /** Why it is to grow: `72 h`, for what is kept so long. */
  readonly kept?: string;
  readonly values: readonly number[];
}

export interface Trend {
  readonly name: string;
  readonly unit: Quantity["unit"];
  /** Means of the second and of the last third; the first one warms up. */
  readonly second: number;
  readonly last: number;
  /** `kept`: it grows, as it is to. */
  readonly verdict: "flat" | "growing" | "kept";
}

export const slack = { memoryMib: 16, files: 4, messages: 1_000, consumers: 2 } as const;

const thirds = 3;
/** Fewer tell a garbage collector's mood. */
export const samplesMin = 9;
/** A change below this share is noise, too. */
const shareMin = 0.05;

/** Nothing when there are too few values to compare. */
export function trendsOf(quantities: readonly Quantity[]): readonly Trend[] {
  const samples = Math.max(0, ...quantities.map(({ values }) => values.length));
  if (samples < samplesMin) return [];
  const size = Math.floor(samples / thirds);
  return quantities.map((quantity) => {
    const { name, unit, values, kept } = quantity;
    const second = meanOf(values.slice(-2 * size, -size));
    const last = meanOf(values.slice(-size));
    const isGrowing = last - second > Math.max(quantity.slack, second * shareMin);
    const growing = kept === undefined ? "growing" : "kept";
    return { name, unit, second, last, verdict: isGrowing ? growing : "flat" };
  });
}

/** A row for each; nothing without any. */
export function trendsText(trends: readonly Trend[]): string {
  const rows = trends.map(({ name, unit, second, last, verdict }) => {
    const change = second === 0 ? "" : `${((last / second - 1) * 100).toFixed(1)} %`;
    const named = unit === "" ? name : `${name}, ${unit}`;
    return [named, second.toFixed(1), last.toFixed(1), change, verdict];
  });
  if (rows.length === 0) return "";
  return table(["", "second third", "last third", "change", "verdict"], rows);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
