/** What contestants made of the same messages: a row for each. */
import type { Durability } from "../contestants/contestant.ts";
import { medianOf } from "../statistics.ts";
import type { Throughput } from "../throughput.ts";
import type { Table } from "./markdown.ts";
import { ratiosOf, spreadText } from "./ratio.ts";

/** By contestant, a run each. */
export type Runs = Readonly<Record<string, readonly Throughput[]>>;

/** By contestant. */
export type Facts = Readonly<Record<string, ContestantFacts>>;

export interface ContestantFacts {
  readonly durability: Durability;
  readonly version: string;
}

/** Whose figures are 1. */
export const reference = "postfix";
const kib = 2 ** 10;
const mib = 2 ** 20;

const heading = [
  ...["", "runs", "accepted/s", "×", "through/s", "×", "p50", "p99", "p99.9 ms", "CPU s/1000"],
  ...["RSS MiB", "processes", "written KiB", "disk KiB", "flushes", "others", "copies too many"],
];

export function throughputTable(throughput: Runs, facts: Facts): Table {
  const rows = Object.entries(throughput)
    .filter(([, runs]) => runs.length > 0)
    .map(([name, runs]) => [name, ...cellsOf(runs, baseOf(throughput, facts, name))]);
  return { heading, rows };
}

/** The runs that those of a contestant are compared with: none where it promises less. */
export function baseOf(throughput: Runs, facts: Facts, name: string): readonly Throughput[] {
  const durability = facts[name]?.durability ?? "unknown";
  return durability === "synced" ? (throughput[reference] ?? []) : [];
}

function cellsOf(runs: readonly Throughput[], base: readonly Throughput[]): readonly string[] {
  const of = (pick: (run: Throughput) => number) => medianOf(runs.map(pick));
  const rate = (pick: (run: Throughput) => number) => [
    spreadText(runs.map(pick)),
    spreadText(ratiosOf(runs.map(pick), base.map(pick)), 2),
  ];
  const known = (pick: (run: Throughput) => number | undefined, digits: number) => {
    const values = runs.flatMap((run) => pick(run) ?? []);
    return values.length === 0 ? "?" : medianOf(values).toFixed(digits);
  };
  return [
    String(runs.length),
    ...rate((it) => it.acceptedPerSecond),
    ...rate((it) => it.throughPerSecond),
    of((it) => it.p50Ms).toFixed(2),
    of((it) => it.p99Ms).toFixed(2),
    of((it) => it.p999Ms).toFixed(2),
    of((it) => it.cpuPerThousandSeconds).toFixed(3),
    (of((it) => it.rssBytes) / mib).toFixed(0),
    String(of((it) => it.processes)),
    (of((it) => it.writtenBytesPerMessage) / kib).toFixed(1),
    known((it) => it.disk && it.disk.writtenBytesPerMessage / kib, 1),
    known((it) => it.disk?.flushesPerMessage, 2),
    of((it) => it.othersCores).toFixed(2),
    String(runs.reduce((sum, it) => sum + it.extraCopies, 0)),
  ];
}

/** Versions, and who promises less with a 250; a line for each. */
export function factsText(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, { durability, version }]) => `${name} ${version}${durabilityText(durability)}\n`)
    .join("");
}

function durabilityText(durability: Durability): string {
  switch (durability) {
    case "synced":
      return "";
    case "none":
      return ": nothing is synced before its 250, so there is no ratio";
    case "unknown":
      return ": whether it syncs before its 250 is not known, so there is no ratio";
  }
}
