/** A run as a whole: k6 against a target, or against a Godwit that is started for it. */
import type { K6Run } from "./arguments.ts";
import { type K6Result, runK6 } from "./k6-process.ts";
import { OwnGodwit } from "./own-godwit.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

export interface RunPorts {
  readonly binary: string;
  readonly output: "inherit" | "pipe";
}

export interface RunResult extends K6Result {
  readonly verdict: Verdict;
}

export async function runLoad(run: K6Run, ports: RunPorts): Promise<RunResult> {
  return run.target === undefined ? await againstOwn(run, ports) : await against(run, ports);
}

async function against({ scenario, environment }: K6Run, ports: RunPorts): Promise<RunResult> {
  const result = await runK6({ ...ports, scenario, environment });
  return { ...result, verdict: verdictOf(result) };
}

async function againstOwn({ scenario, environment }: K6Run, ports: RunPorts): Promise<RunResult> {
  const keep = environment.LOAD_FORM === "raw" ? "verdicts" : "nothing";
  await using godwit = await OwnGodwit.start(keep);
  const { environment: its, sink } = godwit;
  const result = await runK6({ ...ports, scenario, environment: { ...environment, ...its } });
  await godwit.delivered(result.promised.total);
  // What is sent a second time comes until then.
  await godwit.stop();
  const arrived = { ledger: sink.ledger, damaged: sink.counts.damaged };
  const verdict = verdictOf(result, arrived);
  if (verdict.isGood) return { ...result, verdict };
  const text = `${verdict.text}log and queue are in    ${godwit.keep()}\n`;
  return { ...result, verdict: { ...verdict, text } };
}
