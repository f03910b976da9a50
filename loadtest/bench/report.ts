/** The figures as tables, with the ratios to Postfix of the same run. */
import { table } from "../../services/cli/table.ts";
import type { Percentiles } from "../histogram.ts";
import type { Growth } from "./cluster/growth.ts";
import { growthText } from "./cluster/growth-report.ts";
import { rolesText } from "./cluster/roles-report.ts";
import type { Deferred, Probe } from "./deferred.ts";
import type { Idle } from "./idle.ts";
import type { Limits } from "./limits/limits.ts";
import { limitsText } from "./limits/limits-report.ts";
import type { Machine } from "./machine.ts";
import type { Step } from "./scaling/scaling.ts";
import { scalingText } from "./scaling/scaling-report.ts";
import { medianOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

/** By contestant. */
export interface Results {
  readonly machine: Machine;
  readonly throughput: Readonly<Record<string, readonly Throughput[]>>;
  readonly lone: Readonly<Record<string, Percentiles>>;
  readonly idle: Readonly<Record<string, Idle>>;
  readonly deferred: Readonly<Record<string, Deferred>>;
  readonly growth: Growth | undefined;
  readonly limits: Limits | undefined;
  readonly scaling: readonly Step[] | undefined;
}

const reference = "postfix";
const mib = 2 ** 20;

export function reportText(results: Results): string {
  const parts = [
    machineText(results.machine),
    throughputText(results.throughput),
    rolesText(results.throughput),
    results.growth === undefined ? "" : growthText(results.growth),
    results.limits === undefined ? "" : limitsText(results.limits),
    results.scaling === undefined ? "" : scalingText(results.scaling),
    loneText(results.lone),
    idleText(results.idle),
    ...Object.entries(results.deferred).map(([name, it]) => deferredText(name, it)),
  ];
  return parts.filter((it) => it !== "").join("\n");
}

function machineText(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, bun, fileSystem, fsyncMs, openFilesMax } = machine;
  const warning = fileSystem === "tmpfs" ? "tmpfs: NOT durable, set TMPDIR to a disk. " : "";
  return (
    `${cores} × ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, Bun ${bun}. ${warning}` +
    `Queues on ${fileSystem}, fsync ${fsyncMs.toFixed(2)} ms. ${openFilesMax} open files.\n`
  );
}

function throughputText(throughput: Results["throughput"]): string {
  const heading = ["", "runs", "accepted/s", "×", "through/s", "×", "p50", "p99", "p99.9 ms"];
  const more = ["CPU s/1000", "RSS MiB", "processes", "others", "copies too many"];
  const base = throughput[reference];
  const rows = Object.entries(throughput).map(([name, runs]) => {
    const of = (pick: (run: Throughput) => number) => medianOf(runs.map(pick));
    const ratio = (pick: (run: Throughput) => number) =>
      base === undefined ? "" : (of(pick) / medianOf(base.map(pick))).toFixed(2);
    return [
      name,
      String(runs.length),
      spreadText(runs.map((it) => it.acceptedPerSecond)),
      ratio((it) => it.acceptedPerSecond),
      spreadText(runs.map((it) => it.throughPerSecond)),
      ratio((it) => it.throughPerSecond),
      of((it) => it.p50Ms).toFixed(2),
      of((it) => it.p99Ms).toFixed(2),
      of((it) => it.p999Ms).toFixed(2),
      of((it) => it.cpuPerThousandSeconds).toFixed(3),
      (of((it) => it.rssBytes) / mib).toFixed(0),
      String(of((it) => it.processes)),
      of((it) => it.othersCores).toFixed(2),
      String(runs.reduce((sum, it) => sum + it.extraCopies, 0)),
    ];
  });
  return rows.length === 0 ? "" : table([...heading, ...more], rows);
}

function spreadText(values: readonly number[]): string {
  const { median, least, most } = spreadOf(values);
  const [middle, low, high] = [median, least, most].map((it) => it.toFixed(0));
  return values.length === 1 ? `${middle}` : `${middle} (${low}–${high})`;
}

function loneText(lone: Results["lone"]): string {
  const rows = Object.entries(lone).map(([name, it]) => [
    name,
    ...[it.p50Ms, it.p99Ms, it.maxMs].map((ms) => ms.toFixed(2)),
  ]);
  const heading = ["a lone message: dot to 250", "p50 ms", "p99 ms", "most ms"];
  return rows.length === 0 ? "" : table(heading, rows);
}

function idleText(idle: Results["idle"]): string {
  const rows = Object.entries(idle).map(([name, it]) => [
    name,
    `${it.held} of ${it.asked}`,
    (it.anonymousBytesEach / 1_024).toFixed(1),
    String(it.processes),
    it.cores.toFixed(3),
  ]);
  const heading = ["idle sessions", "held", "anonymous KiB each", "processes", "cores"];
  return rows.length === 0 ? "" : table(heading, rows);
}

function deferredText(name: string, deferred: Deferred): string {
  const { before, after, waiting } = deferred;
  const row = (what: string, pick: (probe: Probe) => number, digits: number) => {
    const [old, now] = [pick(before), pick(after)];
    const change = `${((now / old - 1) * 100).toFixed(0)} %`;
    return [what, old.toFixed(digits), now.toFixed(digits), change];
  };
  const rows = [
    row("accepted/s", (it) => it.acceptedPerSecond, 0),
    row("through/s", (it) => it.throughPerSecond, 0),
    row("transit p50 ms", (it) => it.transitP50Ms, 2),
    row("transit p99 ms", (it) => it.transitP99Ms, 2),
    row("RSS MiB", (it) => it.rssBytes / mib, 0),
  ];
  const roles = Object.keys(after.rssBytesByRole);
  if (roles.length > 1) {
    for (const role of roles) {
      rows.push(row(`RSS MiB of ${role}`, (it) => (it.rssBytesByRole[role] ?? 0) / mib, 0));
    }
  }
  const dead = deferred.destinations === 1 ? "a dead end" : `${deferred.destinations} dead ends`;
  const heading = [`${name}: ${waiting} wait for ${dead}`, "before", "after", "change"];
  const { fillFirstPerSecond, fillLastPerSecond, restartMs, restartAfterKillMs } = deferred;
  const peaks = Object.entries(deferred.rssBytesMaxByRole).map(
    ([role, bytes]) => `${role} ${(bytes / mib).toFixed(0)}`,
  );
  return (
    table(heading, rows) +
    `taken for it: ${fillFirstPerSecond.toFixed(0)}/s at first, ${fillLastPerSecond.toFixed(0)}/s at last\n` +
    `where they wait after ${(deferred.deferringMs / 1_000).toFixed(0)} s; RSS meanwhile, MiB at most: ${peaks.join(", ")}\n` +
    (restartMs === undefined ? "" : `restart ready in ${restartMs.toFixed(0)} ms\n`) +
    (restartAfterKillMs === undefined
      ? ""
      : `restart after kill -9 ready in ${restartAfterKillMs.toFixed(0)} ms\n`) +
    (deferred.takeoverMs === undefined
      ? ""
      : `a shard of a killed worker goes on ${deferred.takeoverMs.toFixed(0)} ms after its claim\n`)
  );
}
