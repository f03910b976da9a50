/**
 * What a log's state proves to be gone from it. That a message cannot be got proves nothing: the
 * server says the same of one that it failed to read, and a leader that has been replaced and does
 * not know it yet says so of one that came since.
 */
import type { StreamInfo } from "@nats-io/jetstream";

export type LogState = Pick<StreamInfo, "config" | "cluster" | "state">;

/** Without a leader any replica answers for itself, even one that is still catching up. */
export function hasLeader({ cluster }: Pick<StreamInfo, "cluster">): boolean {
  return cluster === undefined || Boolean(cluster.leader);
}

/** The server says 0 of a stream that never had a message. */
export function firstOf({ first_seq: first }: Pick<StreamInfo["state"], "first_seq">): number {
  return Math.max(1, first);
}

/**
 * The end of the run of sequences from `from` on that were purged or deleted; undefined when
 * `from` is not known to be. Deletions are entries of the stream's Raft log: what a leader has
 * applied of it stays true, however old its state is. `state` must have the deleted ones listed.
 */
export function goneThrough(info: LogState, from: number): number | undefined {
  if (!hasLeader(info)) return undefined;
  const { config, state } = info;
  const deleted = new Set(state.deleted ?? []);
  // A damaged disk's messages are in the list as well; other replicas may have them.
  if (config.num_replicas > 1) for (const lost of state.lost?.msgs ?? []) deleted.delete(lost);
  let through = Math.max(from, state.first_seq) - 1;
  while (through < state.last_seq && deleted.has(through + 1)) through += 1;
  return through < from ? undefined : through;
}

/** The subjects that have a message, of those that were asked for; undefined when nobody can tell. */
export function standingSubjects(info: LogState): ReadonlySet<string> | undefined {
  return hasLeader(info) ? new Set(Object.keys(info.state.subjects ?? {})) : undefined;
}
