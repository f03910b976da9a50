/** Up to all users in four stairs, more than it can do at the top: it may refuse, but not fail. */
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
      stages: stagesOf("stress", vus, durationMs),
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
