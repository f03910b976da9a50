/** Whether the cluster's streams have all their replicas. */
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { StreamReplicas } from "#lib/stream/stream-replicas";
import type { Log } from "#lib/telemetry/log";

export interface ReplicasPorts extends Pick<OperatorsPorts, "replicas"> {
  readonly log: Log;
}

export interface Replicas {
  /** Absent where there are none. */
  readonly replicas?: StreamReplicas | "unknown";
}

/** Never rejects. */
export async function replicasOf({ replicas, log }: ReplicasPorts): Promise<Replicas> {
  if (replicas === undefined) return {};
  try {
    return { replicas: await replicas() };
  } catch (error) {
    log.warn("replicas_unknown", { error: String(error) });
    return { replicas: "unknown" };
  }
}
