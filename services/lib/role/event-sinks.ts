/** Where a process tells its events: files on one machine, a stream in a cluster (ADR 0018). */
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import { BatchingSink, type EventOutlet } from "#lib/events/batching-sink";
import { type EventMetrics, type EventSink, noEvents } from "#lib/events/event-sink";
import { FileOutlet } from "#lib/events/file/file-outlet";
import type { NatsLinks } from "#lib/nats/connection";
import { StreamOutlet } from "#lib/nats/events/stream-outlet";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";
import type { ClusterNames } from "#proto/subjects";

interface SinkPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function fileEvents(config: Config, ports: SinkPorts): EventSink {
  const { file, kinds } = config.events;
  if (kinds.length === 0) return noEvents;
  return sinkOf(config, new FileOutlet({ ...file, ...ports }), ports);
}

/** The stream stands already: the schema was checked. */
export function streamEvents(
  config: Config,
  cluster: { readonly links: NatsLinks; readonly names: ClusterNames },
  ports: SinkPorts,
): EventSink {
  const { stream, kinds } = config.events;
  if (!stream || kinds.length === 0) return noEvents;
  const { clock } = ports;
  return sinkOf(config, StreamOutlet.open({ ...cluster, clock, node: nodeOf(config) }), ports);
}

function sinkOf(config: Config, outlet: EventOutlet, ports: SinkPorts): EventSink {
  const { kinds } = config.events;
  const metrics = eventTelemetry(ports.metrics);
  return new BatchingSink({ ...ports, outlet, kinds, node: nodeOf(config), metrics });
}

/** The machine's name, or the worker's where it has one of its own. */
function nodeOf({ delivery }: Config): string {
  return delivery.name;
}

function eventTelemetry(metrics: Metrics): EventMetrics {
  const written = metrics.counter("godwit_events_written_total", "Events that were written.");
  const dropped = metrics.counter(
    "godwit_events_dropped_total",
    "Events that were lost because nobody took them in time.",
  );
  return { written: (events) => written.add(events), dropped: (events) => dropped.add(events) };
}
