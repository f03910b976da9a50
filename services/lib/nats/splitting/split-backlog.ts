/** How much stands on SPLIT, as its stream and its consumer tell. */
import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import type { ClusterNames } from "#proto/subjects";
import { hasLeader } from "../reading/gone.ts";

export interface BacklogPorts {
  readonly manager: JetStreamManager;
  readonly names: ClusterNames;
}

/** Rejects when NATS cannot say. */
export async function splitBacklog({ manager, names }: BacklogPorts): Promise<SplitBacklog> {
  const [info, handed] = await Promise.all([
    manager.streams.info(names.splitStream),
    handedOut(manager, names),
  ]);
  if (!hasLeader(info)) throw new Error(`stream ${names.splitStream} has no leader`);
  const { messages, first_ts: firstAt } = info.state;
  // Two answers, a moment apart.
  const inFlight = Math.min(handed, messages);
  const backlog = { waiting: messages - inFlight, inFlight };
  const toldAt = Date.parse(String(Object(info).ts));
  // Both by the server's clock.
  const oldestMs = Math.max(0, toldAt - Date.parse(firstAt));
  return messages === 0 || Number.isNaN(oldestMs) ? backlog : { ...backlog, oldestMs };
}

/** Nobody has made the consumer before the first worker has started. */
async function handedOut(manager: JetStreamManager, names: ClusterNames): Promise<number> {
  try {
    const { num_ack_pending: count } = await manager.consumers.info(
      names.splitStream,
      names.splitConsumer,
    );
    return count;
  } catch (error) {
    const isNone =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound;
    if (isNone) return 0;
    throw error;
  }
}
