/**
 * `npm run sim -- --seed N` replays one world, `--seeds N [--from S]` runs many;
 * `--events [COUNT]` prints the last events of the message concerned.
 */

import { passedText, reportOf } from "./report.ts";
import { type Finished, runSeed } from "./run.ts";

/** By verdict, so that a script can tell them apart. */
const exitCodes = { passed: 0, crash: 3, safety: 4, liveness: 5 } as const;
const usageExitCode = 2;
const eventsDefault = 60;

interface Wanted {
  readonly from: number;
  readonly count: number;
  readonly events: number;
}

function wantedOf(words: readonly string[]): Wanted | undefined {
  let wanted: Wanted = { from: 1, count: 100, events: 30 };
  for (let at = 0; at < words.length; at++) {
    const next = words[at + 1];
    const value = next === undefined || next.startsWith("--") ? undefined : Number(next);
    const isFlag = words[at] === "--events" && value === undefined;
    if (!isFlag && (value === undefined || !Number.isInteger(value) || value < 0)) return undefined;
    if (words[at] === "--seed") wanted = { ...wanted, from: value ?? 0, count: 1 };
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
    process.stderr.write("Usage: sim [--seed N | --seeds N [--from S]] [--events [COUNT]]\n");
    return usageExitCode;
  }
  let finished: Finished | undefined;
  for (let seed = wanted.from; seed < wanted.from + wanted.count; seed++) {
    finished = await runSeed(seed);
    if (finished.verdict.kind === "passed") continue;
    process.stdout.write(reportOf(finished, wanted.events));
    return exitCodes[finished.verdict.kind];
  }
  process.stdout.write(`${passedText(wanted)}\n`);
  return exitCodes.passed;
}

process.exitCode = await main(process.argv.slice(2));
