/** A rate for hours, whatever the answers take: what grows shows in the server's own metrics. */
import type { Options } from "k6/options";
import { newRun, type Run, settings, submitNext } from "./submission.ts";
import { onTime, steady } from "./thresholds.ts";

const { vus, rate, durationMs } = settings;

export const options: Options = {
  scenarios: {
    messages: {
      executor: "constant-arrival-rate",
      exec: "message",
      rate,
      duration: `${durationMs}ms`,
      preAllocatedVUs: vus,
    },
  },
  thresholds: { ...steady(settings), ...onTime(settings) },
};

export function setup(): Run {
  return newRun();
}

export function message(run: Run): void {
  submitNext(run);
}
