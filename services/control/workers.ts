/** Asks all workers, and tells what nobody has answered for. */
import { allShards, shardOf } from "#lib/queue/shard";
import type { Destination, Shard } from "#lib/queue/unit";
import {
  type AdminAnswer,
  type AdminArguments,
  type AdminVerb,
  adminRequest,
  BadAdminMessage,
  readAdminAnswer,
  type SilentWorker,
  type Unanswered,
  type Unread,
} from "#proto/admin";
import type { QueuePorts } from "./queue.ts";

export interface Asked<Verb extends AdminVerb> {
  readonly answers: readonly AdminAnswer<Verb>[];
  /** Absent when every shard that was asked about has been answered for. */
  readonly unanswered?: Unanswered;
}

type Ports = Pick<QueuePorts, "bus" | "log" | "shards" | "leases">;

/** Answers that cannot be read come from another version: better a part of the truth than none. */
export async function askWorkers<Verb extends AdminVerb>(
  ports: Ports,
  verb: Verb,
  asked: AdminArguments<Verb>,
): Promise<Asked<Verb>> {
  const { bus, log, shards: count } = ports;
  const { answers, silent } = await bus.askAll(requestOf(verb, asked));
  for (const { from, reason } of silent) log.warn("worker_silent", { verb, from, reason });
  const read: AdminAnswer<Verb>[] = [];
  const heard = new Set<Shard>();
  const answered = new Set<string>();
  const workers: SilentWorker[] = silent.map(({ from, reason, silentMs }) => {
    const heard = silentMs === undefined ? {} : { silentMs: Math.round(silentMs) };
    return { name: from, reason, ...heard };
  });
  for (const { from, shards, value } of answers) {
    try {
      const answer = readAdminAnswer(verb, value);
      read.push(answer);
      answered.add(from);
      const unread = unreadOf(answer);
      if (unread !== undefined) workers.push({ name: from, reason: unread.reason });
      for (const shard of shards) if (unread?.shards.includes(shard) !== true) heard.add(shard);
    } catch (error) {
      if (!(error instanceof BadAdminMessage)) throw error;
      log.warn("admin_answer_unreadable", { verb, from, error });
      workers.push({ name: from, reason: "its answer cannot be read: is it of another version?" });
    }
  }
  const missing = shardsOf(asked, count).filter((shard) => !heard.has(shard));
  if (missing.length === 0) return { answers: read };
  const named = withShards(workers, await ownersOf(missing, ports), answered);
  return { answers: read, unanswered: { shards: missing, workers: named } };
}

function unreadOf(answer: object): Unread | undefined {
  const { unread }: { unread?: Unread } = answer;
  return unread;
}

/** Whose the shards are, as far as it can be told. */
async function ownersOf(shards: readonly Shard[], { leases, log }: Ports) {
  try {
    const read = await Promise.all(shards.map((shard) => leases.read(shard)));
    return new Map(shards.map((shard, i) => [shard, read[i]?.owner]));
  } catch (error) {
    log.warn("owners_unknown", { error: String(error) });
    return new Map<Shard, undefined>();
  }
}

function withShards(
  silent: readonly SilentWorker[],
  owners: ReadonlyMap<Shard, string | undefined>,
  answered: ReadonlySet<string>,
): readonly SilentWorker[] {
  const workers = new Map(silent.map((worker) => [worker.name, worker]));
  for (const [shard, name] of owners) {
    if (name === undefined) continue;
    const reason = answered.has(name)
      ? "it is about to take them over, or to hand them over"
      : "it has not been heard of for so long that others take its shards over";
    const worker = workers.get(name) ?? { name, reason };
    workers.set(name, { ...worker, shards: [...(worker.shards ?? []), shard] });
  }
  return [...workers.values()];
}

function requestOf<Verb extends AdminVerb>(verb: Verb, asked: AdminArguments<Verb>) {
  return adminRequest(verb, asked);
}

/** Those that can have what is asked for. */
function shardsOf(asked: object, count: number): readonly Shard[] {
  const { destination }: { destination?: Destination } = asked;
  return destination === undefined ? allShards(count) : [shardOf(destination, count)];
}
