/** The cluster's log on a real NATS server: streams of its own for each opening, removed with it. */
import { jetstreamManager } from "@nats-io/jetstream";
import { systemClock } from "#lib/clock";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { type JetStreamLog, openJetStreamLog } from "#lib/nats/jetstream-log";
import { plannedStreams, type WantedStreams } from "#lib/nats/stream-plan";
import { applyStreams } from "#lib/nats/streams";
import { type Log, silentLog } from "#lib/telemetry/log";
import { type ClusterNames, clusterNames } from "#proto/subjects";
import { sharedNats } from "../support/servers/shared-servers.ts";
import { shards } from "./fixtures.ts";
import type { LogWorld } from "./intake-stream.ts";

export interface ClusterLogOptions {
  /** Of one shard, and of what is on its way to several. */
  readonly bytesMax?: number;
  /** Default: one server that all suites of the process share. */
  readonly servers?: readonly string[];
  /** Default: no stream for events. */
  readonly eventsBytesMax?: number;
  readonly keysBytesMax?: number;
  readonly replicas?: number;
  readonly log?: Log;
  readonly answerMaxMs?: number;
  readonly patienceMs?: number;
}

export interface ClusterLog extends JetStreamLog {
  readonly links: NatsLinks;
  readonly names: ClusterNames;
}

export interface TemporaryCluster {
  readonly names: ClusterNames;
  readonly wanted: WantedStreams;
  /** As one process has it: with connections of its own, or such as `through` makes of them. */
  readonly open: (through?: (links: NatsLinks) => NatsLinks) => Promise<ClusterLog>;
  /** Closes all that is open, and removes the streams. */
  readonly close: () => Promise<void>;
}

const mebibyte = 1024 * 1024;
let made = 0;

export async function temporaryCluster(options: ClusterLogOptions = {}): Promise<TemporaryCluster> {
  const servers = options.servers ?? (await sharedNats()).servers;
  const log = options.log ?? silentLog;
  const clock = systemClock;
  made += 1;
  const names = clusterNames(`suite${made}`);
  const wanted = wantedOf(names, options);
  const admin = await connectNats({ servers, name: "suite", clock, log });
  const { refusals } = await applyStreams(admin, wanted);
  if (refusals.length > 0) throw new Error(refusals.join("\n"));
  const opened: ClusterLog[] = [];
  return {
    names,
    wanted,
    open: async (through = (links) => links) => {
      const links = through(await connectNats({ servers, name: "process", clock, log }));
      const common = { links, names, shards, clock, log, name: "suite" };
      const cluster = { ...(await openJetStreamLog({ ...options, ...common })), links, names };
      opened.push(cluster);
      return cluster;
    },
    close: async () => {
      for (const cluster of opened) {
        await cluster.close();
        await cluster.links.close();
      }
      const manager = await jetstreamManager(admin.publish);
      await Promise.all(plannedStreams(wanted).map(({ name }) => manager.streams.delete(name)));
      await admin.close();
    },
  };
}

function wantedOf(names: ClusterNames, options: ClusterLogOptions): WantedStreams {
  return {
    names,
    shards,
    replicas: options.replicas ?? 1,
    shardBytesMax: options.bytesMax ?? 64 * mebibyte,
    splitBytesMax: options.bytesMax ?? 64 * mebibyte,
    bodyBytesMax: 64 * mebibyte,
    journalBytesMax: 64 * mebibyte,
    keysBytesMax: options.keysBytesMax ?? 64 * mebibyte,
    eventsBytesMax: options.eventsBytesMax,
    bodyAgeMs: 6 * 86_400_000,
  };
}

export async function temporaryClusterLog(options: ClusterLogOptions): Promise<LogWorld> {
  const cluster = await temporaryCluster(options);
  return logWorld(await cluster.open(), cluster);
}

function logWorld(log: ClusterLog, cluster: TemporaryCluster): LogWorld {
  log.splitFeed.start();
  return {
    ...{ intake: log.intake, stream: log.stream, journal: log.journal },
    close: cluster.close,
    reopen: async () => {
      await log.close();
      return logWorld(await cluster.open(), cluster);
    },
  };
}
