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
  type Unanswered,
} from "#proto/admin";
import type { QueuePorts } from "./queue.ts";

export interface Asked<Verb extends AdminVerb> {
  readonly answers: readonly AdminAnswer<Verb>[];
  /** Absent when every shard that was asked about has been answered for. */
  readonly unanswered?: Unanswered;
}

type Ports = Pick<QueuePorts, "bus" | "log" | "shards">;

/** Answers that cannot be read come from another version: better a part of the truth than none. */
export async function askWorkers<Verb extends AdminVerb>(
  { bus, log, shards: count }: Ports,
  verb: Verb,
  asked: AdminArguments<Verb>,
): Promise<Asked<Verb>> {
  const { answers, silent } = await bus.askAll(requestOf(verb, asked));
  for (const { from, reason } of silent) log.warn("worker_silent", { verb, from, reason });
  const read: AdminAnswer<Verb>[] = [];
  const heard = new Set<Shard>();
  const workers: { name: string; reason: string }[] = silent.map(({ from, reason }) => {
    return { name: from, reason };
  });
  for (const { from, shards, value } of answers) {
    try {
      read.push(readAdminAnswer(verb, value));
      for (const shard of shards) heard.add(shard);
    } catch (error) {
      if (!(error instanceof BadAdminMessage)) throw error;
      log.warn("admin_answer_unreadable", { verb, from, error });
      workers.push({ name: from, reason: "its answer cannot be read: is it of another version?" });
    }
  }
  const missing = shardsOf(asked, count).filter((shard) => !heard.has(shard));
  if (missing.length === 0) return { answers: read };
  return { answers: read, unanswered: { shards: missing, workers } };
}

function requestOf<Verb extends AdminVerb>(verb: Verb, asked: AdminArguments<Verb>) {
  return adminRequest(verb, asked);
}

/** Those that can have what is asked for. */
function shardsOf(asked: object, count: number): readonly Shard[] {
  const { destination }: { destination?: Destination } = asked;
  return destination === undefined ? allShards(count) : [shardOf(destination, count)];
}
