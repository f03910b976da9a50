/** A tenth of the users, all of them at once, a tenth again. */
import type { Options } from "k6/options";
import { stagesOf } from "./stages.ts";
import { newRun, type Run, settings, submitNext } from "./submission.ts";
import { overloaded } from "./thresholds.ts";

const { vus, durationMs } = settings;

export const options: Options = {
  scenarios: {
    messages: {
      executor: "ramping-vus",
      exec: "message",
      startVUs: 0,
      stages: stagesOf("spike", vus, durationMs),
    },
  },
  thresholds: overloaded(settings),
};

export function setup(): Run {
  return newRun();
}

export function message(run: Run): void {
  submitNext(run);
}
