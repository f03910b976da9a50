import { expect, test } from "bun:test";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import { silentLog } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { Readiness } from "../readiness.ts";
import { watchSplits } from "./split-watch.ts";

function bench() {
  const clock = new ManualClock();
  const metrics = new PrometheusMetrics();
  const readiness = new Readiness({ clock, log: silentLog, metrics });
  const server = {
    backlog: async (): Promise<SplitBacklog> => ({ waiting: 3, inFlight: 2, oldestMs: 7_500 }),
  };
  const watch = watchSplits(() => server.backlog(), { clock, readiness, metrics });
  const lines = async () =>
    (await metrics.render()).split("\n").filter((line) => line.startsWith("godwit_nats_split"));
  return { watch, readiness, server, lines };
}

test("what waits is in the metrics", async () => {
  const { watch, server, lines } = bench();
  expect(await lines()).toEqual([]);
  await watch.look();
  expect(await lines()).toEqual([
    'godwit_nats_split_messages{state="waiting"} 3',
    'godwit_nats_split_messages{state="in_flight"} 2',
    "godwit_nats_split_oldest_seconds 7.5",
  ]);
  server.backlog = async () => ({ waiting: 0, inFlight: 0 });
  await watch.look();
  expect(await lines()).toContain("godwit_nats_split_oldest_seconds 0");
});

test("while NATS does not say nothing is in them, and the process works on", async () => {
  const { watch, readiness, server, lines } = bench();
  await watch.look();
  server.backlog = () => Promise.reject(new Error("no leader"));
  await watch.look();
  expect(await lines()).toEqual([]);
  expect(readiness.reasons).toMatchObject([{ part: "fan-out", reason: "no leader" }]);
  expect(readiness.isReady).toBe(true);
});
