/**
 * Logs that were lost, or restored as they once were. The leases tell how far each shard is done with
 * its log; whoever went on from there in one that ends before would lose what is in it, since its
 * numbers come a second time (`LogWentBack`).
 */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  type StreamInfo,
} from "@nats-io/jetstream";
import { type Lease, nextEpoch } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import { decodeLease, encodeLease } from "#proto/lease";
import { UndecodableRecord } from "#proto/record";
import { bucketStream, type ClusterNames, keySubject } from "#proto/subjects";
import type { NatsLinks } from "./connection.ts";
import { readKey, wrongLastCodes } from "./coordination/key-cell.ts";
import { firstOf, hasLeader } from "./reading/gone.ts";

/** What stands in a shard's lease about its log. */
export interface DoneLog {
  readonly shard: Shard;
  /** Up to here it is settled and was purged. */
  readonly floor: number;
  /** Which log that was, where it is known. */
  readonly log?: string;
}

/**
 * A log that is made anew begins so far behind the floor: a worker that still reads the old one may
 * have come further since its last checkpoint, and must not take a number for one that it has had.
 */
const numbersLeftOut = 1_000_000_000;

export function firstAfter({ floor }: DoneLog): number {
  return floor + numbersLeftOut;
}

/** By shard. To be asked before a stream is: its end only rises, unless it is another stream. */
export async function doneLogs(
  manager: JetStreamManager,
  names: ClusterNames,
): Promise<ReadonlyMap<number, DoneLog>> {
  const stream = bucketStream(names.buckets.shards);
  const done = new Map<number, DoneLog>();
  for (const subject of await keysOf(manager, stream)) {
    const shard = names.shardOfKey(subject);
    const standing = await readKey({ manager }, { stream, subject });
    if (shard === undefined || standing === undefined) continue;
    const lease = readable(standing.value);
    if (lease === undefined) continue;
    const { floor = 0, log } = lease.checkpoint ?? {};
    done.set(shard, { shard, floor, ...(log === undefined ? undefined : { log }) });
  }
  return done;
}

async function keysOf(manager: JetStreamManager, stream: string): Promise<readonly string[]> {
  try {
    const { state } = await manager.streams.info(stream, { subjects_filter: ">" });
    return Object.keys(state.subjects ?? {});
  } catch (error) {
    const isMissing =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (isMissing) return [];
    throw error;
  }
}

/** Undefined: a newer version's. */
function readable(value: Uint8Array): Lease | undefined {
  try {
    return decodeLease(value);
  } catch (error) {
    if (error instanceof UndecodableRecord) return undefined;
    throw error;
  }
}

/** That it is another log, as a line for people; undefined when it is not, or who knows. */
export function wentBack({ floor, log }: DoneLog, info: StreamInfo): string | undefined {
  const { last_seq: end } = info.state;
  const isAnother = log !== undefined && log !== info.created && firstOf(info.state) <= floor;
  if ((end >= floor && !isAnother) || !isVouchedFor(info)) return undefined;
  return `it ends at ${end} and is not the one that its shard was done with up to ${floor}: an older state was restored`;
}

/** Longer than a leader that was cut off takes to notice it. */
const silenceMaxNanos = 3e9;

/** A leader that was cut off, and does not know it yet, tells of an earlier time. */
function isVouchedFor(info: StreamInfo): boolean {
  if (!hasLeader(info)) return false;
  const { replicas = [] } = info.cluster ?? {};
  const heard = replicas.filter(({ current, active }) => current && active < silenceMaxNanos);
  return heard.length + 1 > (replicas.length + 1) / 2;
}

/** A worker that cannot take it over claims it again and again. */
const triesMax = 5;

/**
 * Has the log read from its beginning, by whoever claims the shard next. What an owner of before still
 * knows of it is fenced by the epoch. False: somebody else was faster, and the lease tells of something
 * else by now. Rejects when it keeps changing.
 */
export async function forgetCheckpoint(
  { links, manager, names }: ForgetPorts,
  { shard, floor }: DoneLog,
): Promise<boolean> {
  const stream = bucketStream(names.buckets.shards);
  const subject = keySubject(names.buckets.shards, String(shard));
  for (let tries = 0; tries < triesMax; tries++) {
    const standing = await readKey({ manager }, { stream, subject });
    const lease = standing === undefined ? undefined : readable(standing.value);
    if (standing === undefined || lease?.checkpoint?.floor !== floor) return false;
    try {
      const value = encodeLease({ epoch: nextEpoch(lease.epoch) });
      const expect = { lastSubjectSequence: standing.revision };
      await jetstream(links.publish).publish(subject, value, { expect });
      return true;
    } catch (error) {
      const isAnothers = error instanceof JetStreamApiError && wrongLastCodes.has(error.code);
      if (!isAnothers) throw error;
    }
  }
  throw new Error(`Cannot change the lease of shard ${shard}: it keeps changing`);
}

interface ForgetPorts {
  readonly links: Pick<NatsLinks, "publish">;
  readonly manager: JetStreamManager;
  readonly names: ClusterNames;
}
