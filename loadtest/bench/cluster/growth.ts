/** A cluster under a steady load for a long time: what grows, and what does not. */
import { systemClock } from "#lib/clock";
import { freePort } from "../../../test/peers/peer.ts";
import type { ServerNode } from "../../../test/support/servers/server-node.ts";
import { Source } from "../../source/source.ts";
import { RunningCluster } from "../contestants/cluster.ts";
import { openFilesOf, usageOf } from "../process-tree.ts";
import { SinkProcess } from "../sink-process.ts";
import { sourceOptions } from "../workload.ts";
import { type StreamsState, StreamsWatch } from "./streams-state.ts";

export interface GrowthOptions {
  readonly minutes: number;
  readonly ratePerSecond: number;
  readonly sessions: number;
  readonly sizeBytes: number;
  readonly domains: number;
  readonly shards: number;
  /** Told of each sample when it is taken. */
  readonly taken: (sample: GrowthSample) => void;
}

export interface ProcessSample {
  /** `edge0`, `nats2`. */
  readonly name: string;
  readonly rssBytes: number;
  readonly openFiles: number;
}

export interface GrowthSample {
  readonly minute: number;
  readonly accepted: number;
  readonly processes: readonly ProcessSample[];
  readonly streams: StreamsState;
}

export interface Growth {
  readonly ratePerSecond: number;
  readonly samples: readonly GrowthSample[];
  readonly accepted: number;
  readonly extraCopies: number;
  /** From when a message was due to its 250. */
  readonly latenessP99Ms: number;
}

const minuteMs = 60_000;
const throughMaxMs = 120_000;

/** Rejects when a message is lost. */
export async function growth(options: GrowthOptions): Promise<Growth> {
  const sink = await SinkProcess.start();
  try {
    const down = { address: "127.0.0.1", port: await freePort() };
    const size = { shards: options.shards, workers: 1 };
    const running = await RunningCluster.start({ up: sink.endpoint, down }, size);
    try {
      return await watched(running, sink, options);
    } finally {
      await running.stop();
    }
  } finally {
    await sink.stop();
  }
}

async function watched(
  running: RunningCluster,
  sink: SinkProcess,
  options: GrowthOptions,
): Promise<Growth> {
  const { ratePerSecond, sessions, sizeBytes, domains: domainCount } = options;
  const common = { to: running.endpoint, sessions, sizeBytes, domainCount, ratePerSecond };
  const messages = Number.POSITIVE_INFINITY;
  const source = new Source(sourceOptions({ ...common, run: "growth", messages }));
  const sending = source.run();
  const samples = await sampled(running, source, options);
  source.stop();
  const { begun, accepted, lateness, refused, sessionEnds } = await sending;
  if (begun !== accepted) {
    throw new Error(
      `Not all was taken: ${JSON.stringify({ begun, accepted, refused, sessionEnds })}`,
    );
  }
  const { copies, distinct } = await sink.reached(accepted, throughMaxMs);
  const extraCopies = copies - distinct;
  return { ratePerSecond, samples, accepted, extraCopies, latenessP99Ms: lateness.p99Ms };
}

/** One a minute. */
async function sampled(
  { cluster }: RunningCluster,
  source: Source,
  { minutes, shards, taken }: GrowthOptions,
): Promise<readonly GrowthSample[]> {
  const streams = await StreamsWatch.open(cluster.nats.servers, shards);
  const startedAt = systemClock.monotonic();
  const samples: GrowthSample[] = [];
  try {
    for (let minute = 1; minute <= minutes; minute++) {
      const dueAt = startedAt + minute * minuteMs;
      await systemClock.sleep(Math.max(0, dueAt - systemClock.monotonic()));
      const { accepted } = source.summary();
      const processes = nodesOf(cluster).map(([name, node]) => processSample(name, node));
      const sample = { minute, accepted, processes, streams: await streams.look() };
      samples.push(sample);
      taken(sample);
    }
  } finally {
    await streams.close();
  }
  return samples;
}

function nodesOf({ roles, nats, cassandra }: RunningCluster["cluster"]) {
  return [
    ...roles.map(({ name, node }) => [name, node] as const),
    ...nats.nodes.map((node, n) => [`nats${n}`, node] as const),
    ...cassandra.nodes.map((node, n) => [`cassandra${n}`, node] as const),
  ];
}

function processSample(name: string, { pid = 0 }: ServerNode): ProcessSample {
  return { name, rssBytes: usageOf(pid).rssBytes, openFiles: openFilesOf(pid) };
}
