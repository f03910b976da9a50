/** What a long run has shown: a row for each minute, and for each quantity whether it grows. */
import { table } from "../../../services/cli/table.ts";
import { type Quantity, samplesMin, slack, type Trend, trendsOf, trendsText } from "../trend.ts";
import type { Growth, GrowthSample } from "./growth.ts";
import { storedStreams } from "./streams-state.ts";

const mib = 2 ** 20;

export function growthText(growth: Growth): string {
  const { samples, accepted, extraCopies, ratePerSecond, latenessP99Ms } = growth;
  const trends = growthTrends(samples);
  return `${minutesText(samples)}
${trendsText(trends)}
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
export function growthTrends(samples: readonly GrowthSample[]): readonly Trend[] {
  return trendsOf(quantitiesOf(samples));
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
  const memory = { unit: "MiB", slack: slack.memoryMib } as const;
  const streams = samples.map((it) => storedStreams(it.streams));
  return [
    ...names.map((name) => ({ ...memory, name, values: of(name, (it) => it.rssBytes / mib) })),
    ...names.map((name) => ({
      name: `${name} files`,
      unit: "" as const,
      slack: slack.files,
      values: of(name, (it) => it.openFiles),
    })),
    ...(streams[0] ?? []).map(({ value: _, ...quantity }, i) => ({
      ...quantity,
      values: streams.map((at) => at[i]?.value ?? 0),
    })),
  ];
}
