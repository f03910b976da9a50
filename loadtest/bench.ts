#!/usr/bin/env bun
/** Godwit beside Postfix on this machine, in one run: `bun loadtest/bench.ts --help`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CommanderError } from "commander";
import { type BenchOptions, benchArguments } from "./bench/arguments.ts";
import { type GrowthSample, growth } from "./bench/cluster/growth.ts";
import { minutesText } from "./bench/cluster/growth-report.ts";
import { ceiling } from "./bench/contestants/ceiling.ts";
import { cluster } from "./bench/contestants/cluster.ts";
import type { Contestant } from "./bench/contestants/contestant.ts";
import { edgeThread, godwit, oneThread } from "./bench/contestants/godwit.ts";
import { postfix } from "./bench/contestants/postfix.ts";
import { deferred } from "./bench/deferred.ts";
import { idle } from "./bench/idle.ts";
import { limits } from "./bench/limits/limits.ts";
import { checks } from "./bench/limits/limits-report.ts";
import { lone } from "./bench/lone.ts";
import { describeMachine } from "./bench/machine.ts";
import { type Results, reportText } from "./bench/report.ts";
import { type Step, scaling } from "./bench/scaling/scaling.ts";
import { stepText } from "./bench/scaling/scaling-report.ts";
import { type Throughput, throughput } from "./bench/throughput.ts";

try {
  await run(benchArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(error);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 2;
}
process.exit();

async function run(options: BenchOptions): Promise<void> {
  const threads = { "edge-thread": edgeThread, "one-thread": oneThread };
  const contestants = { ceiling, godwit, ...threads, postfix, cluster: cluster(options.shards) };
  const { sizeBytes, idle: sessions, deferred: waiting, growth: minutes } = options;
  const { deferredDomains: destinations, scaling: axes } = options;
  const isAlone = [minutes, options.limits, axes].some((it) => it !== undefined);
  const names = isAlone ? [] : options.only;
  const taking = await takingPart(names.map((name) => contestants[name]));
  const servers = taking.filter((it) => it !== ceiling);
  const results: Results = {
    machine: describeMachine(),
    throughput: options.measuresThroughput ? await throughputs(taking, options) : {},
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
  const directory = join(import.meta.dir, "results");
  await mkdir(directory, { recursive: true });
  const at = new Date().toISOString().replaceAll(":", "-");
  await Bun.write(
    join(directory, `${at}.json`),
    JSON.stringify({ at, options, ...results }, undefined, 2),
  );
  process.stdout.write(reportText(results));
  if (results.limits !== undefined && !checks(results.limits).every(({ holds }) => holds)) {
    process.exitCode = 1;
  }
}

function measured(step: Step): void {
  process.stderr.write(stepText(step));
}

function taken(sample: GrowthSample): void {
  process.stderr.write(minutesText([sample]));
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

/** In turns, so that what else happens on the machine hits all alike. */
async function throughputs(
  taking: readonly Contestant[],
  options: BenchOptions,
): Promise<Results["throughput"]> {
  const runs = Object.fromEntries(taking.map(({ name }): [string, Throughput[]] => [name, []]));
  for (let i = 1; i <= options.runs; i++) {
    for (const contestant of taking) {
      const result = await throughput(contestant, options);
      runs[contestant.name]?.push(result);
      const { acceptedPerSecond: accepted, throughPerSecond: through } = result;
      const rates = `${accepted.toFixed(0)} accepted/s, ${through.toFixed(0)} through/s`;
      console.error(`run ${i} of ${options.runs}, ${contestant.name}: ${rates}`);
    }
  }
  return runs;
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
