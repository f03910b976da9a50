/** What a run of the source came to. */
import type { Percentiles } from "../histogram.ts";

export interface SourceSummary {
  /** Messages of which MAIL was sent. */
  readonly begun: number;
  /** Messages that got a 250. */
  readonly accepted: number;
  /** The final dot was sent, and no reply was seen. */
  readonly unknown: number;
  /** The session ended before the final dot. */
  readonly aborted: number;
  readonly connects: number;
  /** By code and stage: `451 at rcpt`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Why sessions ended that should not have. */
  readonly sessionEnds: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly lastAcceptedAt: number;
  /** From the first connection to the last 250. */
  readonly acceptedPerSecond: number;
  /** From the final dot to its 250. */
  readonly latency: Percentiles;
  /**
   * With a rate: from the time the message was due to its 250, which tells what waiting sources
   * hide.
   */
  readonly lateness: Percentiles;
}

/** For a person. */
export function summaryText(summary: SourceSummary): string {
  const { latency, lateness } = summary;
  const lines = [
    `${summary.accepted} of ${summary.begun} messages accepted, ${Math.round(summary.acceptedPerSecond)} a second, over ${summary.connects} connections`,
    percentilesText("final dot to 250", latency),
    ...(lateness.count > 0 ? [percentilesText("due to 250", lateness)] : []),
    ...(summary.unknown > 0 ? [`${summary.unknown} unknown: no reply to the final dot`] : []),
    ...(summary.aborted > 0 ? [`${summary.aborted} aborted before the final dot`] : []),
    ...Object.entries(summary.refused).map(([what, times]) => `refused: ${what}, ${times} times`),
    ...Object.entries(summary.sessionEnds).map(([why, times]) => `ended: ${why}, ${times} times`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function percentilesText(what: string, percentiles: Percentiles): string {
  const { p50Ms, p90Ms, p99Ms, p999Ms, p9999Ms, maxMs } = percentiles;
  const named = { p50: p50Ms, p90: p90Ms, p99: p99Ms, "p99.9": p999Ms, "p99.99": p9999Ms };
  const texts = Object.entries(named).map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`);
  return `${what}: ${texts.join(", ")}, most ${maxMs.toFixed(2)} ms`;
}
