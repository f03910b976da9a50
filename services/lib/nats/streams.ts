/** Makes the cluster's streams and buckets, or says how they differ (`godwit schema apply`). */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { SchemaReport } from "#lib/schema-report";
import type { ClusterNames } from "#proto/subjects";
import type { NatsLinks } from "./connection.ts";
import { type DoneLog, doneLogs, firstAfter, forgetCheckpoint, wentBack } from "./lost-logs.ts";
import { streamDifferences } from "./stream-differences.ts";
import { type PlannedStream, plannedStreams, type WantedStreams } from "./stream-plan.ts";

type Links = Pick<NatsLinks, "publish">;

/** A new R3 stream elects a leader first. */
const requestTimeoutMs = 15_000;
/** Streams made or asked for at the same time. */
const atOnce = 8;

/** Idempotent. What would lose mail is refused, and everything else done. */
export async function applyStreams(links: Links, wanted: WantedStreams): Promise<SchemaReport> {
  const manager = await managerOf(links);
  const report: Report = { changes: [], refusals: [] };
  const done = await doneLogs(manager, wanted.names);
  const refusal = await refusedShards(manager, wanted, done);
  if (refusal !== undefined) return { changes: [], refusals: [refusal] };
  const ports = { links, manager, names: wanted.names, done };
  await forEachOf(plannedStreams(wanted), (planned) => applyOne(ports, planned, report));
  return report;
}

/**
 * What `applyStreams` changes beside the streams: a lease that tells of more than its log has. Not in
 * `checkStreams`, which every process asks at its start: the takeover finds it out by itself.
 */
export async function checkLogs(
  links: Links,
  { names }: Pick<WantedStreams, "names">,
): Promise<readonly string[]> {
  const manager = await managerOf(links);
  const changes: string[] = [];
  for (const log of (await doneLogs(manager, names)).values()) {
    const stream = names.shardStream(log.shard);
    const standing = await find(manager, stream);
    const line = standing === undefined ? undefined : wentBack(log, standing);
    if (line !== undefined) changes.push(`stream ${stream}: ${line}`);
  }
  return changes;
}

/** What differs from what is wanted; nothing is changed. */
export async function checkStreams(links: Links, wanted: WantedStreams): Promise<SchemaReport> {
  const manager = await managerOf(links);
  const changes: string[] = [];
  await forEachOf(plannedStreams(wanted), async (planned) => {
    const standing = await find(manager, planned.name);
    if (standing === undefined) changes.push(`stream ${planned.name} is missing`);
    else {
      const { lines } = streamDifferences(planned, standing);
      for (const line of lines) changes.push(`stream ${planned.name}: ${line}`);
    }
  });
  const surplus = (await standingShards(manager, wanted)).filter(({ n }) => n >= wanted.shards);
  for (const { name } of surplus) {
    changes.push(`stream ${name} is there, but only ${wanted.shards} shards are wanted`);
  }
  return { changes: changes.sort(), refusals: [] };
}

interface Report {
  readonly changes: string[];
  readonly refusals: string[];
}

function managerOf({ publish }: Links): Promise<JetStreamManager> {
  return jetstreamManager(publish, { checkAPI: false, timeout: requestTimeoutMs });
}

interface ApplyPorts {
  readonly links: Links;
  readonly manager: JetStreamManager;
  readonly names: ClusterNames;
  readonly done: ReadonlyMap<number, DoneLog>;
}

async function applyOne(
  { links, manager, names, done }: ApplyPorts,
  planned: PlannedStream,
  { changes, refusals }: Report,
): Promise<void> {
  const { name } = planned;
  const log = done.get(names.shardOfStream(name) ?? -1);
  try {
    const standing = await find(manager, name);
    if (standing === undefined) {
      changes.push(await made(manager, planned, log));
      return;
    }
    const line = log === undefined ? undefined : wentBack(log, standing);
    if (log !== undefined && line !== undefined) {
      const isForgotten = await forgetCheckpoint({ links, manager, names }, log);
      if (isForgotten) changes.push(`stream ${name}: ${line}. It is read from its beginning`);
    }
    const { lines, refusal } = streamDifferences(planned, standing);
    if (refusal !== undefined) refusals.push(`stream ${name}: ${refusal}`);
    else if (lines.length > 0) {
      await manager.streams.update(name, planned);
      changes.push(`changed stream ${name}: ${lines.join("; ")}`);
    }
  } catch (error) {
    refusals.push(`stream ${name}: ${whyRefused(error, planned)}`);
  }
}

async function made(
  manager: JetStreamManager,
  planned: PlannedStream,
  log: DoneLog | undefined,
): Promise<string> {
  // With a floor of 0, too: its owner may have read further.
  const first = log === undefined ? undefined : firstAfter(log);
  await manager.streams.add({ ...planned, ...(first === undefined ? {} : { first_seq: first }) });
  const name = `made stream ${planned.name}`;
  return first === undefined
    ? name
    : `${name}: the one before it is gone, with what was in it; its numbers go on at ${first}`;
}

/** 10047: no room to reserve; 10023 and 10005: no server that could. */
const noRoomCodes: readonly number[] = [10_047, 10_023, 10_005];

function whyRefused(error: unknown, planned: PlannedStream): string {
  if (!(error instanceof JetStreamApiError)) throw error;
  if (!noRoomCodes.includes(error.code)) return error.message;
  return `${error.message}: JetStream reserves ${planned.max_bytes} bytes for it on ${planned.num_replicas} servers, beside what the other streams reserve; raise max_file there, or lower the sizes or the number of shards`;
}

async function find(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    const isMissing =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (isMissing) return undefined;
    throw error;
  }
}

interface StandingShard {
  readonly name: string;
  readonly n: number;
  readonly messages: number;
}

async function standingShards(
  manager: JetStreamManager,
  { names }: WantedStreams,
): Promise<readonly StandingShard[]> {
  const shards: StandingShard[] = [];
  for await (const { config, state } of manager.streams.list()) {
    const n = names.shardOfStream(config.name);
    if (n !== undefined) shards.push({ name: config.name, n, messages: state.messages });
  }
  return shards;
}

/** Another number of shards sends a destination's new mail to another owner than its old mail. */
async function refusedShards(
  manager: JetStreamManager,
  wanted: WantedStreams,
  done: ReadonlyMap<number, DoneLog>,
): Promise<string | undefined> {
  const standing = await standingShards(manager, wanted);
  // Streams may be lost, the last of them, too; who owned which shard is known all the same.
  const known = [...done.keys()].filter((n) => n < wanted.shards);
  const numbers = [...standing.map(({ n }) => n), ...known];
  const count = numbers.reduce((most, n) => Math.max(most, n + 1), 0);
  if (count === 0 || count === wanted.shards) return undefined;
  const holding = standing.filter(({ messages }) => messages > 0);
  if (holding.length > 0) {
    return `there are ${count} shards, and ${holding.length} of them hold mail: ${wanted.shards} shards need a namespace of their own, to which edges publish while the old one is delivered`;
  }
  if (wanted.shards < count) {
    return `there are ${count} shards, empty, and ${wanted.shards} are wanted: remove the surplus streams by hand (nats stream rm) when no edge publishes to them any more`;
  }
  return undefined;
}

async function forEachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
