/** What is looked at while a process uses NATS: the streams, each server, the clocks. */
import type { NatsLinks } from "#lib/nats/connection";
import type { JetStreamLog } from "#lib/nats/jetstream-log";
import type { Metrics } from "#lib/telemetry/metrics";
import type { ClusterNames } from "#proto/subjects";
import type { Trouble } from "../readiness.ts";
import { Watch } from "../watch.ts";
import { clockOffset, offsetTrouble } from "./clock-offset.ts";
import type { JoinPorts } from "./nats-side.ts";
import { placeOfUrl, unreachable } from "./reachability.ts";
import { watchSplits } from "./split-watch.ts";

export interface Watched {
  readonly links: NatsLinks;
  readonly names: ClusterNames;
  readonly jetStream: Pick<JetStreamLog, "publishability" | "figures" | "splitBacklog">;
  readonly servers: readonly string[];
}

/** It costs nothing: all is known here already. */
const oftenMs = 1_000;
/** Servers log who comes and goes at once; a clock does not run away. */
const seldomMs = 60_000;

/** Called when all streams have just answered. */
export function watchNats(watched: Watched, ports: JoinPorts): void {
  const { links, names, jetStream, servers } = watched;
  const { clock, readiness, transport, metrics, undoing } = ports;
  const common = { clock, readiness };
  const nats = new Watch({
    ...common,
    part: "nats",
    isBlocking: true,
    everyMs: oftenMs,
    look: async () => natsTrouble(watched),
  });
  const each = new Watch({
    ...common,
    part: "nats-servers",
    isBlocking: false,
    everyMs: seldomMs,
    look: () => unreachable(servers.map(placeOfUrl), transport),
  });
  let offsetMs = 0;
  const clocks = new Watch({
    ...common,
    part: "clock",
    isBlocking: false,
    everyMs: seldomMs,
    look: async () => {
      const offset = await clockOffset(links.publish, names.splitStream, clock);
      offsetMs = offset?.offsetMs ?? offsetMs;
      return offset === undefined ? undefined : offsetTrouble(offset);
    },
  });
  metrics.gauge(
    "godwit_clock_offset_seconds",
    "How far our clock is ahead of the NATS server's.",
    () => offsetMs / 1_000,
  );
  observe(jetStream, metrics);
  const splits = watchSplits(jetStream.splitBacklog, { clock, readiness, metrics });
  undoing.add(() => {
    for (const watch of [nats, each, clocks, splits]) watch.stop();
  });
  undoing.add(jetStream.publishability.onChange(() => void nats.look()));
  readiness.tell("nats");
  nats.startLater();
  void each.start();
  void clocks.start();
  void splits.start();
}

function observe({ figures, publishability }: Watched["jetStream"], metrics: Metrics): void {
  const gauges: readonly [string, string, () => number][] = [
    [
      "publishes_in_flight",
      "Publishes that wait for their answer.",
      () => figures().publishesInFlight,
    ],
    ["publish_retries", "Publishes repeated since the start.", () => figures().publishRetries],
    ["lane_restarts", "Readers begun again since the start.", () => figures().laneRestarts],
    ["log_holes", "Sequences that a log lacked since the start.", () => figures().logHoles],
    ["splits_in_flight", "Messages being fanned out.", () => figures().splits.inFlight],
    ["splits_waiting", "Of these: only for shards that are full.", () => figures().splits.waiting],
    ["splits", "Messages fanned out since the start.", () => figures().splits.done],
    ["splits_late", "Repeated too late to be known as such.", () => figures().splits.late],
    ["splits_poison", "Messages to fan out that nobody could read.", () => figures().splits.poison],
    ["streams_bad", "Streams that cannot be published to.", () => publishability.bad.size],
  ];
  for (const [name, help, value] of gauges) metrics.gauge(`godwit_nats_${name}`, help, value);
}

function natsTrouble({ links, jetStream }: Watched): Trouble | undefined {
  if (!links.consumeLink.isUp) {
    return { reason: "there is no connection to NATS", isBlocking: true };
  }
  const { state, bad } = jetStream.publishability;
  if (!state.isPublishable) {
    return { reason: state.reason ?? "nothing can be published", isBlocking: true };
  }
  const [first] = bad;
  if (first === undefined) return undefined;
  const [stream, why] = first;
  const others = bad.size === 1 ? "" : `, and ${bad.size - 1} more`;
  return { reason: `not published to now: ${stream} (${why})${others}`, isBlocking: false };
}
