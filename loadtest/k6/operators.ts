/** What operators and their dashboards read of the control API while mail comes in. */
import { sleep } from "k6";
import http from "k6/http";
import { Rate, Trend } from "k6/metrics";
import type { Settings } from "./settings.ts";
import { measured } from "./thresholds.ts";

const failed = new Rate(measured.controlFailed);
const answeredAfter = new Trend(measured.controlAnswered, true);
const paths = ["/readyz", "/metrics", "/v1/queue/summary", "/v1/queue?limit=10", "/v1/cluster"];
const pauseSeconds = 0.5;

/** Each once, and a pause. */
export function readAll({ url, token }: NonNullable<Settings["control"]>): void {
  for (const path of paths) {
    const answer = http.get(`${url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      tags: { name: path },
    });
    failed.add(answer.status !== 200);
    answeredAfter.add(answer.timings.duration);
  }
  sleep(pauseSeconds);
}
