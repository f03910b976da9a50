/** The figures as tables, with the ratios to Postfix of the same run: for a terminal, for a document. */
import { table } from "../../services/cli/table.ts";
import type { Percentiles } from "../histogram.ts";
import type { Growth } from "./cluster/growth.ts";
import { growthText } from "./cluster/growth-report.ts";
import { rolesText } from "./cluster/roles-report.ts";
import type { Deferred, Probe } from "./deferred.ts";
import type { Syncs } from "./disk/syncs.ts";
import type { Idle } from "./idle.ts";
import type { Limits } from "./limits/limits.ts";
import { limitsText } from "./limits/limits-report.ts";
import type { Machine } from "./machine.ts";
import { failuresText, type Matrix, matrixMarkdown, matrixText } from "./matrix/matrix-report.ts";
import type { Step } from "./scaling/scaling.ts";
import { scalingText } from "./scaling/scaling-report.ts";
import type { Soak } from "./soak/soak.ts";
import { soakText } from "./soak/soak-report.ts";
import { markdownTable } from "./tables/markdown.ts";
import { type Facts, factsText, type Runs, throughputTable } from "./tables/throughput-table.ts";

/** By contestant. */
export interface Results {
  readonly machine: Machine;
  readonly facts: Facts;
  readonly throughput: Runs;
  /** Why who did not come to the end. */
  readonly failures: Readonly<Record<string, string>>;
  readonly matrix: Matrix;
  readonly syncs: Readonly<Record<string, Syncs>>;
  readonly soak: Readonly<Record<string, Soak>>;
  readonly lone: Readonly<Record<string, Percentiles>>;
  readonly idle: Readonly<Record<string, Idle>>;
  readonly deferred: Readonly<Record<string, Deferred>>;
  readonly growth: Growth | undefined;
  readonly limits: Limits | undefined;
  readonly scaling: readonly Step[] | undefined;
}

const mib = 2 ** 20;

export function reportText(results: Results): string {
  const parts = [
    machineText(results.machine),
    throughputText(results),
    rolesText(results.throughput),
    matrixText(results.matrix, results.facts),
    factsText(results.facts),
    ...otherTexts(results),
  ];
  return parts.filter((it) => it !== "").join("\n");
}

export function reportMarkdown(results: Results): string {
  const roles = rolesText(results.throughput);
  const others = [roles, ...otherTexts(results)].filter((it) => it !== "").join("\n");
  const measured = throughputTable(results.throughput, results.facts);
  const parts = [
    machineText(results.machine),
    lines(factsText(results.facts)),
    measured.rows.length === 0 ? "" : markdownTable(measured),
    lines(failuresText(results)),
    others === "" ? "" : `\`\`\`\n${others}\`\`\`\n`,
    matrixMarkdown(results.matrix, results.facts),
  ];
  return parts.filter((it) => it !== "").join("\n");
}

/** What has no ratios. */
function otherTexts(results: Results): readonly string[] {
  return [
    syncsText(results.syncs),
    results.growth === undefined ? "" : growthText(results.growth),
    results.limits === undefined ? "" : limitsText(results.limits),
    results.scaling === undefined ? "" : scalingText(results.scaling),
    ...Object.entries(results.soak).map(([name, it]) => soakText(name, it)),
    loneText(results.lone),
    idleText(results.idle),
    ...Object.entries(results.deferred).map(([name, it]) => deferredText(name, it)),
  ];
}

/** A list of Markdown. */
function lines(text: string): string {
  return text.replace(/^(?=.)/gm, "- ");
}

function machineText(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, bun, fileSystem, fsyncMs, openFilesMax } = machine;
  const warning = fileSystem === "tmpfs" ? "tmpfs: NOT durable, set TMPDIR to a disk. " : "";
  return (
    `${cores} × ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, Bun ${bun}. ${warning}` +
    `Queues on ${fileSystem}, fsync ${fsyncMs.toFixed(2)} ms. ${openFilesMax} open files.\n`
  );
}

function throughputText({ throughput, facts, failures }: Results): string {
  const { heading, rows } = throughputTable(throughput, facts);
  return (rows.length === 0 ? "" : table(heading, rows)) + failuresText({ failures });
}

function syncsText(syncs: Results["syncs"]): string {
  const rows = Object.entries(syncs).map(([name, calls]) => {
    const told = Object.entries(calls).map(([call, times]) => `${times.toFixed(2)} ${call}`);
    return [name, told.length === 0 ? "none" : told.join(", ")];
  });
  return rows.length === 0 ? "" : table(["system calls that sync, for a message", ""], rows);
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
