/** All at once: a ramp of messages, clients that repeat themselves, and operators who look on. */
import exec from "k6/execution";
import type { Options } from "k6/options";
import { readAll } from "./operators.ts";
import { stagesOf } from "./stages.ts";
import { newRun, type Run, settings, submitNext, submitTwice } from "./submission.ts";
import { operators, steady } from "./thresholds.ts";

const { vus, durationMs, control } = settings;
const operatorsAtOnce = 2;
const repeatedOneIn = 10;
/** Ids are numbered by iterations of one scenario. */
const messages = {
  executor: "ramping-vus",
  exec: "message",
  startVUs: 0,
  stages: stagesOf("ramp", vus, durationMs),
} as const;

const reads = {
  executor: "constant-vus",
  exec: "read",
  vus: operatorsAtOnce,
  duration: `${durationMs}ms`,
} as const;

export const options: Options = {
  scenarios: control === undefined ? { messages } : { messages, reads },
  thresholds: { ...steady(settings), ...(control === undefined ? {} : operators(settings)) },
};

export function setup(): Run {
  return newRun();
}

export function message(run: Run): void {
  const isRepeated = exec.scenario.iterationInTest % repeatedOneIn === 0;
  if (isRepeated) submitTwice(run);
  else submitNext(run);
}

export function read(): void {
  if (control !== undefined) readAll(control);
}
