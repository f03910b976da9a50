/** What no worker has fanned out yet: part of the queue, and of no shard. */
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import type { Log } from "#lib/telemetry/log";

export interface SplitsPorts extends Pick<OperatorsPorts, "splitBacklog"> {
  readonly log: Log;
}

export interface Splits {
  /** Absent where messages are not fanned out behind their acceptance. */
  readonly splits?: SplitBacklog | "unknown";
}

/** Never rejects. */
export async function splitsOf({ splitBacklog, log }: SplitsPorts): Promise<Splits> {
  if (splitBacklog === undefined) return {};
  try {
    return { splits: await splitBacklog() };
  } catch (error) {
    log.warn("splits_unknown", { error: String(error) });
    return { splits: "unknown" };
  }
}
