/** What must stand in JetStream, as configurations of streams (ADR 0009). Buckets are streams, too. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { allShards } from "#lib/queue/shard";
import { bucketStream, type ClusterNames } from "#proto/subjects";

export interface WantedStreams {
  readonly names: ClusterNames;
  readonly shards: number;
  readonly replicas: number;
  /** Of one shard; JetStream reserves it on each server that has a replica. */
  readonly shardBytesMax: number;
  readonly splitBytesMax: number;
  readonly bodyBytesMax: number;
  readonly journalBytesMax: number;
  /** Of idempotency keys and their answers. */
  readonly keysBytesMax: number;
  /** Undefined: nobody wants events there. */
  readonly eventsBytesMax?: number | undefined;
  /** Large content goes by itself at this age: how far ahead it may be submitted, its lifetime, and a day. */
  readonly bodyAgeMs: number;
}

export type PlannedStream = Partial<StreamConfig> & Pick<StreamConfig, "name">;

/** The edge retries an unanswered publish for 30 s; a fan-out may be interrupted for longer. */
export const duplicateWindowMs = 10 * 60_000;
/** Traces, exporters and webhooks read so far back. */
export const journalAgeMs = 72 * 3_600_000;
/** A consumer that is away for longer misses some. */
const eventsAgeMs = 72 * 3_600_000;
/** A worker that has not been heard of for so long may be replaced (DESIGN §5). */
const workerAgeMs = 30_000;
/** Repeatable messages: much longer than any worker repeats itself. */
const onceAgeMs = 24 * 3_600_000;
/** What an owner told last says nothing any more after that. */
const statsAgeMs = 7 * 24 * 3_600_000;
/** A repeat within a day gets the first answer (ADR 0025). */
const keysAgeMs = 24 * 3_600_000;
const unlimited = -1;

export function plannedStreams(wanted: WantedStreams): readonly PlannedStream[] {
  const { names, bodyAgeMs } = wanted;
  const { workers, shards, once, stats, keys } = names.buckets;
  return [
    ...allShards(wanted.shards).map((shard) => ({
      ...logStream(wanted, wanted.shardBytesMax),
      name: names.shardStream(shard),
      // No other lane: a message outside both would be a hole to whoever reads them.
      subjects: [names.laneFilter(shard, "h"), names.laneFilter(shard, "n")],
      deny_delete: true,
    })),
    {
      ...logStream(wanted, wanted.splitBytesMax),
      name: names.splitStream,
      subjects: [names.splitSubject],
      retention: RetentionPolicy.Workqueue,
    },
    {
      ...logStream(wanted, wanted.bodyBytesMax),
      name: names.bodyStream,
      subjects: [names.bodyFilter],
      max_age: nanos(bodyAgeMs),
      allow_direct: true,
    },
    {
      ...logStream(wanted, wanted.journalBytesMax),
      name: names.journalStream,
      subjects: [names.journalFilter],
      // A journal that is full must not stop the mail: what goes is older than any checkpoint.
      discard: DiscardPolicy.Old,
      max_age: nanos(journalAgeMs),
    },
    ...eventsStream(wanted),
    bucket(wanted, workers, workerAgeMs),
    bucket(wanted, shards),
    bucket(wanted, once, onceAgeMs),
    bucket(wanted, stats, statsAgeMs),
    // Clients fill it: it must not take the mail's disk, and what is full forgets nothing.
    { ...bucket(wanted, keys, keysAgeMs), max_bytes: wanted.keysBytesMax },
  ];
}

/** One that is not wanted any more is left standing: somebody may still read it. */
function eventsStream(wanted: WantedStreams): readonly PlannedStream[] {
  const { names, eventsBytesMax } = wanted;
  if (eventsBytesMax === undefined) return [];
  return [
    {
      ...logStream(wanted, eventsBytesMax),
      name: names.eventsStream,
      subjects: [names.eventsFilter],
      // Whoever does not read holds up nobody: the oldest go.
      discard: DiscardPolicy.Old,
      max_age: nanos(eventsAgeMs),
    },
  ];
}

function logStream(wanted: WantedStreams, bytesMax: number) {
  return {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    // Without it the oldest mail would be dropped for the newest.
    discard: DiscardPolicy.New,
    num_replicas: wanted.replicas,
    max_bytes: bytesMax,
    max_msgs: unlimited,
    max_age: 0,
    duplicate_window: nanos(duplicateWindowMs),
  } as const;
}

/** As the client's library makes them, which reads and writes them. */
function bucket(wanted: WantedStreams, name: string, ageMs = 0): PlannedStream {
  const windowMaxMs = 2 * 60_000;
  const windowMs = ageMs === 0 ? windowMaxMs : Math.min(ageMs, windowMaxMs);
  return {
    name: bucketStream(name),
    subjects: [`$KV.${name}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    num_replicas: wanted.replicas,
    max_msgs_per_subject: 1,
    max_bytes: unlimited,
    max_age: nanos(ageMs),
    duplicate_window: nanos(windowMs),
    allow_rollup_hdrs: true,
    allow_direct: true,
    deny_delete: true,
  };
}
