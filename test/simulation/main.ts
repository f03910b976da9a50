/**
 * `npm run sim` runs one world after the other until one fails or nobody wants it any more; `--seed N`
 * replays one, `--seeds N [--from S]` runs so many. `--harsh`: worlds of `harsh-world.ts`; `--events [COUNT]` prints the last events of the message concerned.
 */

import { systemRandom } from "#lib/random";
import { harshWorld } from "./plants/harsh-world.ts";
import { passedText, reportOf } from "./report.ts";
import { type Finished, runPlan, runSeed } from "./run.ts";

/** By verdict, so that a script can tell them apart. */
const exitCodes = { passed: 0, crash: 3, safety: 4, liveness: 5 } as const;
const usageExitCode = 2;
const eventsDefault = 60;

interface Wanted {
  readonly from: number;
  readonly count: number;
  readonly events: number;
  readonly isHarsh: boolean;
}

/** So that no two runs without end are the same. */
const seedsOfTests = 1_000_000;
/** Worlds between two signs of life. */
const toldEvery = 1_000;

function wantedOf(words: readonly string[]): Wanted | undefined {
  const isCounted = words.includes("--seeds");
  const from = isCounted ? 1 : seedsOfTests + systemRandom.below(2 ** 30);
  let wanted: Wanted = { from, count: Number.POSITIVE_INFINITY, events: 30, isHarsh: false };
  for (let at = 0; at < words.length; at++) {
    const next = words[at + 1];
    const value = next === undefined || next.startsWith("--") ? undefined : Number(next);
    const isHarsh = words[at] === "--harsh";
    const isFlag = isHarsh || (words[at] === "--events" && value === undefined);
    if (!isFlag && (value === undefined || !Number.isInteger(value) || value < 0)) return undefined;
    if (isHarsh) wanted = { ...wanted, isHarsh };
    else if (words[at] === "--seed") wanted = { ...wanted, from: value ?? 0, count: 1 };
    else if (words[at] === "--seeds") wanted = { ...wanted, count: value ?? 0 };
    else if (words[at] === "--from") wanted = { ...wanted, from: value ?? 0 };
    else if (words[at] === "--events") wanted = { ...wanted, events: value ?? eventsDefault };
    else return undefined;
    if (!isFlag) at += 1;
  }
  return wanted;
}

async function main(words: readonly string[]): Promise<number> {
  const wanted = wantedOf(words);
  if (wanted === undefined) {
    process.stderr.write(
      "Usage: sim [--seed N | --seeds N [--from S]] [--harsh] [--events [COUNT]]\n",
    );
    return usageExitCode;
  }
  let finished: Finished | undefined;
  for (let seed = wanted.from; seed < wanted.from + wanted.count; seed++) {
    finished = wanted.isHarsh ? await runPlan(harshWorld(seed)) : await runSeed(seed);
    const done = seed - wanted.from + 1;
    if (wanted.count === Number.POSITIVE_INFINITY && done % toldEvery === 0) {
      process.stdout.write(`${passedText({ from: wanted.from, count: done })}\n`);
    }
    if (finished.verdict.kind === "passed") continue;
    process.stdout.write(reportOf(finished, wanted.events, wanted.isHarsh ? ["--harsh"] : []));
    return exitCodes[finished.verdict.kind];
  }
  process.stdout.write(`${passedText(wanted)}\n`);
  return exitCodes.passed;
}

process.exitCode = await main(process.argv.slice(2));
