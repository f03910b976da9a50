#!/usr/bin/env bun
/** Godwit beside its peers on this machine, in one run: `bun loadtest/bench.ts --help`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CommanderError } from "commander";
import { type BenchOptions, benchArguments } from "./bench/arguments.ts";
import { type GrowthSample, growth } from "./bench/cluster/growth.ts";
import { minutesText } from "./bench/cluster/growth-report.ts";
import type { Contestant } from "./bench/contestants/contestant.ts";
import { chosen } from "./bench/contestants/roster.ts";
import { deferred } from "./bench/deferred.ts";
import { syncs, syncsMissing } from "./bench/disk/syncs.ts";
import { idle } from "./bench/idle.ts";
import { limits } from "./bench/limits/limits.ts";
import { checks } from "./bench/limits/limits-report.ts";
import { lone } from "./bench/lone.ts";
import { describeMachine } from "./bench/machine.ts";
import { matrix } from "./bench/matrix/matrix.ts";
import { inTurns, type Turns } from "./bench/matrix/turns.ts";
import { type Results, reportMarkdown, reportText } from "./bench/report.ts";
import { type Step, scaling } from "./bench/scaling/scaling.ts";
import { stepText } from "./bench/scaling/scaling-report.ts";
import { type SoakSample, soak } from "./bench/soak/soak.ts";
import { holds, samplesText } from "./bench/soak/soak-report.ts";

try {
  await run(benchArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(error);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 2;
}
process.exit();

async function run(options: BenchOptions): Promise<void> {
  const { growth: minutes, limits: parts, scaling: axes } = options;
  const isAlone = [minutes, parts, axes].some((it) => it !== undefined);
  const taking = await takingPart(isAlone ? [] : chosen(options));
  const servers = taking.filter((it) => it.name !== "ceiling");
  const facts = await factsOf(servers);
  const turns = options.measuresThroughput
    ? await inTurns(taking, { ...options, told: console.error })
    : { throughput: {}, failures: {} };
  const results: Results = {
    machine: describeMachine(),
    facts,
    ...turns,
    matrix: await matrix(taking, { ...options, told: console.error }),
    ...(await others(servers, options)),
  };
  await kept(options, results);
  process.stdout.write(reportText(results));
  if (!isSound(results)) process.exitCode = 1;
}

/** All that is asked for beside throughput. */
async function others(servers: readonly Contestant[], options: BenchOptions) {
  const { sizeBytes, idle: sessions, deferred: waiting, growth: minutes, soakMinutes } = options;
  const { deferredDomains: destinations, scaling: axes } = options;
  return {
    syncs: options.measuresSyncs ? await syncsOf(servers) : {},
    soak:
      soakMinutes === undefined
        ? {}
        : await each("soak", servers, (it) =>
            soak(it, { ...options, minutes: soakMinutes, taken: soaked }),
          ),
    lone: options.measuresLone ? await each("lone", servers, (it) => lone(it, sizeBytes)) : {},
    idle: sessions === undefined ? {} : await each("idle", servers, (it) => idle(it, sessions)),
    deferred:
      waiting === undefined
        ? {}
        : await each("deferred", servers, (it) => deferred(it, { waiting, destinations })),
    growth: minutes === undefined ? undefined : await growth({ ...options, minutes, taken }),
    limits: options.limits && (await limits({ ...options, ...options.limits })),
    scaling: axes && (await scaling({ ...options, axes }, measured)),
  };
}

async function kept(options: BenchOptions, results: Results): Promise<void> {
  const directory = join(import.meta.dir, "results");
  await mkdir(directory, { recursive: true });
  const at = new Date().toISOString().replaceAll(":", "-");
  const json = JSON.stringify({ at, options, ...results }, undefined, 2);
  await Bun.write(join(directory, `${at}.json`), json);
  const title = `# Benchmark of ${at}\n\n\`npm run bench -- ${process.argv.slice(2).join(" ")}\`\n\n`;
  await Bun.write(join(directory, `${at}.md`), title + reportMarkdown(results));
}

/** A peer may fail, which is told; Godwit may not. */
function isSound({ limits: measured, soak: soaks, failures, matrix: parts }: Results): boolean {
  const all: readonly Pick<Turns, "failures">[] = [{ failures }, ...parts];
  const ours = ["ceiling", "godwit", "edge-thread", "one-thread", "cluster"];
  return (
    (measured === undefined || checks(measured).every((it) => it.holds)) &&
    Object.values(soaks).every(holds) &&
    all.every((it) => ours.every((name) => it.failures[name] === undefined))
  );
}

function measured(step: Step): void {
  process.stderr.write(stepText(step));
}

function taken(sample: GrowthSample): void {
  process.stderr.write(minutesText([sample]));
}

function soaked(sample: SoakSample): void {
  process.stderr.write(samplesText([sample]));
}

async function takingPart(asked: readonly Contestant[]): Promise<readonly Contestant[]> {
  const taking: Contestant[] = [];
  for (const contestant of asked) {
    const reason = await contestant.missing();
    if (reason === undefined) taking.push(contestant);
    else console.error(`without ${contestant.name}: ${reason}`);
  }
  return taking;
}

async function factsOf(servers: readonly Contestant[]): Promise<Results["facts"]> {
  const all = servers.map(async (it) => {
    const { name, durability } = it;
    return [name, { durability, version: await it.version() }] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

async function syncsOf(servers: readonly Contestant[]): Promise<Results["syncs"]> {
  const reason = syncsMissing();
  if (reason === undefined) return await each("syncs", servers, syncs);
  console.error(`syncs are not counted: ${reason}`);
  return {};
}

async function each<Result>(
  what: string,
  taking: readonly Contestant[],
  measure: (contestant: Contestant) => Promise<Result>,
): Promise<Readonly<Record<string, Result>>> {
  const results: Record<string, Result> = {};
  for (const contestant of taking) {
    console.error(`${what}, ${contestant.name} …`);
    results[contestant.name] = await measure(contestant);
  }
  return results;
}
