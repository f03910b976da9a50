/** What a long run has shown: a row for each minute, and for each quantity whether it grows. */
import { table } from "../../../services/cli/table.ts";
import type { Growth, GrowthSample } from "./growth.ts";

interface Quantity {
  readonly name: string;
  /** Shown beside the name; values are told in it. */
  readonly unit: "MiB" | "";
  /** A change below this is noise: a garbage collector's, a batch's. */
  readonly slack: number;
  readonly values: readonly number[];
}

export interface Trend {
  readonly name: string;
  readonly unit: Quantity["unit"];
  /** Means of the second and of the last third; the first one warms up. */
  readonly second: number;
  readonly last: number;
  readonly verdict: "flat" | "growing";
}

const mib = 2 ** 20;
const thirds = 3;
/** Fewer tell a garbage collector's mood. */
const samplesMin = 9;
/** A change below this share is noise, too. */
const shareMin = 0.05;
const memorySlackMib = 16;
const filesSlack = 4;
const messagesSlack = 1_000;
const consumersSlack = 2;

export function growthText(growth: Growth): string {
  const { samples, accepted, extraCopies, ratePerSecond, latenessP99Ms } = growth;
  const trends = trendsOf(samples);
  const rows = trends.map(({ name, unit, second, last, verdict }) => {
    const change = second === 0 ? "" : `${((last / second - 1) * 100).toFixed(1)} %`;
    const named = unit === "" ? name : `${name}, ${unit}`;
    return [named, second.toFixed(1), last.toFixed(1), change, verdict];
  });
  return `${minutesText(samples)}
${rows.length === 0 ? "" : table(["", "second third", "last third", "change", "verdict"], rows)}
${accepted} accepted at ${ratePerSecond}/s, 0 lost, ${extraCopies} copies too many; due to 250: p99 ${latenessP99Ms.toFixed(0)} ms
growing: ${verdictText(trends)} (the journal is kept for 72 h)
`;
}

function verdictText(trends: readonly Trend[]): string {
  if (trends.length === 0) return `not known before ${samplesMin} minutes`;
  const growing = trends.filter(({ verdict }) => verdict === "growing");
  return growing.length === 0 ? "nothing" : growing.map(({ name }) => name).join(", ");
}

/** Nothing when there are too few to compare. */
export function trendsOf(samples: readonly GrowthSample[]): readonly Trend[] {
  if (samples.length < samplesMin) return [];
  const size = Math.floor(samples.length / thirds);
  return quantitiesOf(samples).map(({ name, unit, slack, values }) => {
    const second = meanOf(values.slice(-2 * size, -size));
    const last = meanOf(values.slice(-size));
    const isGrowing = last - second > Math.max(slack, second * shareMin);
    return { name, unit, second, last, verdict: isGrowing ? "growing" : "flat" };
  });
}

export function minutesText(samples: readonly GrowthSample[]): string {
  const shown = quantitiesOf(samples).filter(({ name }) => !name.endsWith(" files"));
  const heading = ["minute", "accepted", ...shown.map(({ name }) => name), "files"];
  const rows = samples.map(({ minute, accepted, processes }, i) => [
    String(minute),
    String(accepted),
    ...shown.map(({ values }) => (values[i] ?? 0).toFixed(0)),
    String(processes.reduce((sum, { openFiles }) => sum + openFiles, 0)),
  ]);
  return table(heading, rows);
}

function quantitiesOf(samples: readonly GrowthSample[]): readonly Quantity[] {
  const names = samples[0]?.processes.map(({ name }) => name) ?? [];
  const of = (name: string, pick: (process: GrowthSample["processes"][number]) => number) =>
    samples.map(({ processes }) => {
      const found = processes.find((it) => it.name === name);
      return found === undefined ? 0 : pick(found);
    });
  const streams = (pick: (streams: GrowthSample["streams"]) => number) =>
    samples.map((it) => pick(it.streams));
  const memory = { unit: "MiB", slack: memorySlackMib } as const;
  const messages = { unit: "", slack: messagesSlack } as const;
  return [
    ...names.map((name) => ({ ...memory, name, values: of(name, (it) => it.rssBytes / mib) })),
    ...names.map((name) => ({
      name: `${name} files`,
      unit: "" as const,
      slack: filesSlack,
      values: of(name, (it) => it.openFiles),
    })),
    { ...messages, name: "log messages", values: streams((it) => it.logs.messages) },
    { ...memory, name: "logs", values: streams((it) => it.logs.bytes / mib) },
    { ...memory, name: "journal", values: streams((it) => it.journal.bytes / mib) },
    { ...memory, name: "other streams", values: streams((it) => it.others.bytes / mib) },
    { ...messages, name: "floor lag", values: streams((it) => it.floorLag) },
    {
      name: "consumers",
      unit: "" as const,
      slack: consumersSlack,
      values: streams((it) => it.consumers),
    },
  ];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
