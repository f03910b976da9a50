/** Which streams lack replicas, as their leaders tell. */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type PeerInfo,
  type StreamInfo,
} from "@nats-io/jetstream";
import { allShards } from "#lib/queue/shard";
import type { LackingStream, ReplicaFault, StreamReplicas } from "#lib/stream/stream-replicas";
import { bucketStream, type ClusterNames } from "#proto/subjects";
import { hasLeader } from "./reading/gone.ts";

export interface ReplicasPorts {
  readonly manager: JetStreamManager;
  readonly names: ClusterNames;
  readonly shards: number;
}

/** A server that was killed is not told `offline` for a minute or more; leaders hear it each second. */
const silenceMaxNanos = 10e9;
const absences: readonly (ReplicaFault["kind"] | undefined)[] = ["missing", "silent"];
/** Under load a replica is always some entries behind. */
const behindMax = 100;

/** Rejects when no stream answers. */
export async function streamReplicas(ports: ReplicasPorts): Promise<StreamReplicas> {
  const { names, shards } = ports;
  const needed = [
    ...allShards(shards).map(names.shardStream),
    ...[names.splitStream, names.bodyStream, names.journalStream],
    ...Object.values(names.buckets).map(bucketStream),
  ];
  // Where nobody wants events it is not there, and nobody answers for it while there is no quorum.
  const looked = [...needed, names.eventsStream];
  const answers = await Promise.allSettled(looked.map((it) => ports.manager.streams.info(it)));
  const found = looked.flatMap((stream, n) => {
    const faults = faultsOf(answers[n]);
    const isThere = !absences.includes(faults[0]?.kind);
    return stream === names.eventsStream && !isThere ? [] : [{ stream, faults }];
  });
  if (found.every(({ faults }) => faults[0]?.kind === "silent")) {
    const [first] = answers;
    throw new Error("Cannot tell the streams' replicas: none answers", {
      cause: first?.status === "rejected" ? first.reason : undefined,
    });
  }
  const lacking: readonly LackingStream[] = found.filter(({ faults }) => faults.length > 0);
  return { streams: found.length, lacking };
}

function faultsOf(answer: PromiseSettledResult<StreamInfo> | undefined): readonly ReplicaFault[] {
  if (answer?.status !== "fulfilled") return [{ kind: isMissing(answer) ? "missing" : "silent" }];
  const { value: info } = answer;
  if (!hasLeader(info)) return [{ kind: "leaderless" }];
  const { replicas = [] } = info.cluster ?? {};
  const unplaced = info.config.num_replicas - 1 - replicas.length;
  const placed = replicas.flatMap(faultsOfReplica);
  return unplaced > 0 ? [...placed, { kind: "unplaced", count: unplaced }] : placed;
}

function isMissing(answer: PromiseRejectedResult | undefined): boolean {
  const error: unknown = answer?.reason;
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

function faultsOfReplica({ name, offline, active, current, lag }: PeerInfo): ReplicaFault[] {
  // Of one that was not heard since its election a leader says that it was silent for no time.
  const isSilent = active > silenceMaxNanos || (active === 0 && !current);
  if (offline || isSilent) return [{ kind: "away", server: name }];
  const isBehind = !current && lag > behindMax;
  return isBehind ? [{ kind: "behind", server: name, entries: lag }] : [];
}
