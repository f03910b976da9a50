import { expect, test } from "bun:test";
import { FakeCollector } from "../../../test/support/telemetry/fake-collector.ts";
import { systemClock as clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { systemRandom as random } from "../random.ts";
import { silentLog } from "../telemetry/log.ts";
import { roleTelemetry } from "./role-telemetry.ts";

const log = { ...silentLog, droppedLines: 0 };

function configOf(telemetry: string): Config {
  const surroundings = {
    fileName: "godwit.yaml",
    osHostname: "host",
    environment: { TOKEN: "Bearer s3cret" },
    readFile: () => "",
  };
  const loaded = loadConfig(`hostname: mta1.example.net\n${telemetry}`, surroundings);
  if ("faults" in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

test.each([
  ["without the key", ""],
  ["without a collector", "telemetry: { traces: 1 }"],
])("%s nothing is traced", async (_, yaml) => {
  const telemetry = roleTelemetry(configOf(yaml), { role: "edge", clock, random, log });
  expect([telemetry.traces, telemetry.tracing.begin()]).toEqual([0, undefined]);
  await telemetry.stop();
});

test("with a collector it is told of spans and metrics, and whose they are", async () => {
  await using collector = new FakeCollector();
  const yaml = `telemetry: { otlp: "${collector.url}", traces: 1, headers: { Authorization: { env: TOKEN } } }`;
  const config = configOf(yaml);
  const telemetry = roleTelemetry(config, { role: "delivery", clock, random, log });
  const { tracing, metrics } = telemetry;
  const self = tracing.begin() ?? "none";
  tracing.end({ name: "x", kind: "server", self, startedAt: 1, endedAt: 2, attributes: {} });
  metrics.counter("godwit_x_total", "x").add();
  await telemetry.stop();
  expect(collector.spans).toMatchObject([
    { service: "godwit-delivery", traceId: self.slice(3, 35) },
  ]);
  expect(collector.metrics.has("godwit_x_total")).toBe(true);
  expect(collector.posts[0]?.headers.get("authorization")).toBe("Bearer s3cret");
});
