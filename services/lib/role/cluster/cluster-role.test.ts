import { expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { silentLog } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { failureOf } from "../../../../test/support/failure.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import type { ControlService } from "../control-ports.ts";
import { ClusterRole } from "./cluster-role.ts";

const nowhere = { address: "127.0.0.1", port: 1 };

function configured() {
  const text = 'hostname: a.example\nnats: { servers: ["nats://127.0.0.1:1"] }\n';
  const source = { fileName: "x.yaml", osHostname: "host", environment: {}, readFile: () => "" };
  const loaded = loadConfig(text, source);
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

test("a start that hangs keeps nobody from stopping, and what it still begins is ended", async () => {
  const clock = new ManualClock();
  const opened = Promise.withResolvers<ControlService>();
  const kind = { name: "test", makesToken: false, begin: () => new Promise<never>(() => {}) };
  const role = new ClusterRole(configured(), kind, {
    clock,
    log: silentLog,
    metrics: new PrometheusMetrics(),
    transport: new MemoryNetwork(clock).transport("127.0.0.1"),
    openControl: () => opened.promise,
  });
  const started = failureOf(role.start());
  let isStopped = false;
  const stopped = role.stop().then(() => {
    isStopped = true;
  });
  clock.advance(1_999);
  await Promise.resolve();
  expect(isStopped).toBe(false);
  clock.advance(1);
  await stopped;
  const ended: string[] = [];
  opened.resolve({ start: () => nowhere, stop: async () => void ended.push("control") });
  expect(String(await started)).toContain("the process stops");
  expect(ended).toEqual(["control"]);
});

test("one that never started stops at once", async () => {
  const clock = new ManualClock();
  const kind = { name: "test", makesToken: false, begin: () => new Promise<never>(() => {}) };
  const role = new ClusterRole(configured(), kind, {
    clock,
    log: silentLog,
    metrics: new PrometheusMetrics(),
    transport: new MemoryNetwork(clock).transport("127.0.0.1"),
    openControl: async () => ({ start: () => nowhere, stop: async () => {} }),
  });
  await role.stop();
  expect(clock.timers).toBe(0);
});
