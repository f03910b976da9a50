/** A histogram as HdrHistogram's tools read it: percentiles and values, a line for each bucket. */
import type { Histogram } from "./histogram.ts";

export function hgrmText(histogram: Histogram): string {
  const { count } = histogram;
  const lines = [
    `${right("Value", 12)} ${right("Percentile", 14)} TotalCount 1/(1-Percentile)`,
    "",
  ];
  let until = 0;
  let sum = 0;
  let squares = 0;
  for (const [valueMs, inBucket] of histogram.buckets()) {
    until += inBucket;
    sum += valueMs * inBucket;
    squares += valueMs * valueMs * inBucket;
    const fraction = until / count;
    const rarity = until === count ? "" : ` ${right((1 / (1 - fraction)).toFixed(2), 16)}`;
    lines.push(
      `${right(valueMs.toFixed(3), 12)} ${fraction.toFixed(12)} ${right(until, 10)}${rarity}`,
    );
  }
  const mean = count === 0 ? 0 : sum / count;
  const deviation = count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean));
  lines.push(
    `#[Mean    = ${right(mean.toFixed(3), 12)}, StdDeviation   = ${right(deviation.toFixed(3), 12)}]`,
    `#[Max     = ${right(histogram.maxMs.toFixed(3), 12)}, Total count    = ${right(count, 12)}]`,
  );
  return lines.map((line) => `${line}\n`).join("");
}

function right(value: string | number, width: number): string {
  return String(value).padStart(width);
}
