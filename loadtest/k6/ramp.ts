/** Up to all users, a plateau, down: what is asked of it every day. */
import type { Options } from "k6/options";
import { stagesOf } from "./stages.ts";
import { newRun, type Run, settings, submitNext } from "./submission.ts";
import { steady } from "./thresholds.ts";

const { vus, durationMs } = settings;

export const options: Options = {
  scenarios: {
    messages: {
      executor: "ramping-vus",
      exec: "message",
      startVUs: 0,
      stages: stagesOf("ramp", vus, durationMs),
    },
  },
  thresholds: steady(settings),
};

export function setup(): Run {
  return newRun();
}

export function message(run: Run): void {
  submitNext(run);
}
