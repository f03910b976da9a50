/** What a process counts and traces, and the collector it tells of both, if there is one. */
import { hostname } from "node:os";
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import type { Random } from "#lib/random";
import type { ProcessLog } from "#lib/telemetry/json-log";
import type { Log } from "#lib/telemetry/log";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { OtlpExport } from "#lib/telemetry/otlp/otlp-export";
import { observeProcess } from "#lib/telemetry/process-metrics";
import { noTracing, type Tracing, tracing } from "#lib/telemetry/tracing";

export interface RoleTelemetryPorts {
  readonly role: "standalone" | "edge" | "delivery" | "control";
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log & Pick<ProcessLog, "droppedLines">;
}

export interface RoleTelemetry {
  readonly metrics: PrometheusMetrics;
  readonly tracing: Tracing;
  /** Of messages: how many the edge traces. */
  readonly traces: number;
  /** Sends what is left; takes two seconds at most. */
  stop(): Promise<void>;
}

/** Traces are only begun where somebody is told of them. */
export function roleTelemetry(config: Config, ports: RoleTelemetryPorts): RoleTelemetry {
  const { role, clock, random, log } = ports;
  const metrics = new PrometheusMetrics(clock);
  observeProcess(metrics, {
    droppedLines: () => log.droppedLines,
    ...(role === "standalone" ? { data: config.data } : {}),
  });
  const { telemetry } = config;
  if (telemetry?.otlp === undefined) {
    return { metrics, tracing: noTracing, traces: 0, stop: async () => {} };
  }
  const { otlp: url, headers, intervalMs, traces } = telemetry;
  const resource = {
    "service.namespace": "godwit",
    "service.name": `godwit-${role}`,
    // Of the pod, where there are pods: names in the configuration are often those of all.
    "service.instance.id": role === "delivery" ? config.delivery.name : hostname(),
  };
  const collector = { url, headers, intervalMs, resource };
  const otlp = new OtlpExport({ ...collector, metrics, clock, log });
  otlp.start();
  return {
    metrics,
    tracing: tracing({ share: traces, random, end: (span) => otlp.end(span) }),
    traces,
    stop: () => otlp.stop(),
  };
}
