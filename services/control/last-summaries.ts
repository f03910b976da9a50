/** What owners that do not answer said last about their destinations. */
import type { Destination, Shard } from "#lib/queue/unit";
import { BadAdminMessage, readAdminAnswer } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { QueuePorts } from "./queue.ts";

/** Empty when it cannot be told: an answer without it is still one. */
export async function toldLast(
  shards: readonly Shard[],
  only: Destination | undefined,
  { summaries, log }: Pick<QueuePorts, "summaries" | "log">,
): Promise<readonly DestinationSummary[]> {
  if (summaries === undefined || shards.length === 0) return [];
  try {
    const last = await summaries.last(shards);
    return [...last.values()].flatMap(({ at, summary }) =>
      readAdminAnswer("queue.summary", summary)
        .destinations.filter(({ destination }) => only === undefined || destination === only)
        .map((destination) => ({ ...destination, asOf: at })),
    );
  } catch (error) {
    if (error instanceof BadAdminMessage) log.warn("last_summary_unreadable", { error });
    else log.warn("last_summary_unavailable", { error: String(error) });
    return [];
  }
}
