/** What a process and all below it have used, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";
import { systemClock } from "#lib/clock";

export interface Usage {
  /** User and system, of those that have ended, too. */
  readonly cpuSeconds: number;
  /** Pages shared between processes count in each. */
  readonly rssBytes: number;
  /** Memory that is nobody else's file; shared pages count once. */
  readonly anonymousBytes: number;
  readonly processes: number;
}

/** `USER_HZ`: 100 on every Linux that runs this. */
const ticksPerSecond = 100;
const pageBytes = 4_096;
const quietSampleMs = 1_000;
const quietSamplesMax = 300;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly rssPages: number;
}

/** Of all of them together; none of them may be below another. */
export function usageOf(...pids: readonly number[]): Usage {
  const all = allStats();
  const tree = pids.flatMap((pid) => treeBelow(pid, all));
  let ticks = 0;
  let rssPages = 0;
  let anonymousBytes = 0;
  for (const stat of tree) {
    ticks += stat.ticks;
    rssPages += stat.rssPages;
    anonymousBytes += anonymousBytesOf(stat.pid);
  }
  return {
    cpuSeconds: ticks / ticksPerSecond,
    rssBytes: rssPages * pageBytes,
    anonymousBytes,
    processes: tree.length,
  };
}

/** Resolves when they have little to do, or after five minutes. */
export async function untilQuiet(pids: readonly number[], coresMax: number): Promise<void> {
  for (let i = 0; i < quietSamplesMax; i++) {
    const before = usageOf(...pids).cpuSeconds;
    await systemClock.sleep(quietSampleMs);
    const cores = ((usageOf(...pids).cpuSeconds - before) * 1_000) / quietSampleMs;
    if (cores < coresMax) return;
  }
}

/** Less work than `usageOf`, for whoever looks every second. */
export function residentOf(...pids: readonly number[]): Pick<Usage, "rssBytes" | "processes"> {
  const all = allStats();
  const tree = pids.flatMap((pid) => treeBelow(pid, all));
  const pages = tree.reduce((sum, stat) => sum + stat.rssPages, 0);
  return { rssBytes: pages * pageBytes, processes: tree.length };
}

/** What the whole machine has used, and what its host has kept from it. */
export function machineCpuSeconds(): number {
  return parseMachineStat(readOrNothing("/proc/stat")) / ticksPerSecond;
}

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal. */
export function parseMachineStat(text: string): number {
  const [first = ""] = text.split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** proc(5): the name may contain anything, so fields are counted from its closing bracket. */
export function parseStat(text: string): Stat {
  const pid = Number(text.slice(0, text.indexOf(" ")));
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3] ?? 0);
  return {
    pid,
    parent: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
    rssPages: field(24),
  };
}

/**
 * Octets that it, and all below it, have had written to a disk: pages that were made dirty, less
 * those that were gone before they were written. What the file system writes for itself, its journal
 * above all, is nobody's.
 */
export function writtenBytesOf(...pids: readonly number[]): number {
  const all = allStats();
  return pids
    .flatMap((pid) => treeBelow(pid, all))
    .reduce((sum, { pid }) => sum + parseWrittenBytes(readOrNothing(`/proc/${pid}/io`)), 0);
}

/** proc(5). Children that have ended are in it. */
export function parseWrittenBytes(text: string): number {
  const of = (name: string) => Number(new RegExp(`^${name}: ([0-9]+)$`, "m").exec(text)?.[1] ?? 0);
  return of("write_bytes") - of("cancelled_write_bytes");
}

/** Those that are there now. */
export function childrenOf(pid: number): readonly number[] {
  return allStats().flatMap((it) => (it.parent === pid ? [it.pid] : []));
}

/** Of one process alone. */
export function openFilesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // It has ended.
    return 0;
  }
}

/** It and all below it. */
export function treeOf(pid: number): readonly number[] {
  return treeBelow(pid, allStats()).map((it) => it.pid);
}

function treeBelow(pid: number, all: readonly Stat[]): readonly Stat[] {
  const tree = all.filter((it) => it.pid === pid);
  for (let i = 0; i < tree.length; i++) {
    const parent = tree[i]?.pid;
    tree.push(...all.filter((it) => it.parent === parent));
  }
  return tree;
}

function allStats(): readonly Stat[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      const text = readOrNothing(`/proc/${name}/stat`);
      return text === "" ? [] : [parseStat(text)];
    });
}

function anonymousBytesOf(pid: number): number {
  const [, kib = "0"] =
    /^Pss_Anon:\s+([0-9]+) kB$/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`)) ?? [];
  return Number(kib) * 1_024;
}

/** A process may end while it is looked at. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
