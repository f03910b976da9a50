/** What mail waits for, in one word: of a unit, and counted over all at each scrape. */
import { isScheduled } from "#lib/queue/schedule";
import type { Time } from "#lib/queue/unit";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { WaitReason } from "#proto/operator/standing";
import type { DestinationQueue } from "../destination/destination-queue.ts";
import type { Lane } from "../destination/ready-queue.ts";
import type { Dispatcher } from "../dispatcher.ts";

/** Of a lane in which something is ready. */
export function laneReason(
  queue: DestinationQueue,
  { wait }: Lane,
  { standstill }: Pick<Dispatcher, "standstill">,
): WaitReason {
  if (wait !== undefined) {
    if ("source" in wait.by) return "source";
    return "rule" in wait.by ? "rule" : wait.by.limit.kind;
  }
  if (queue.located === undefined) return "lookup";
  if (standstill === "paused") return standstill;
  if (queue.isInDoubt && queue.running > 0) return "doubt";
  if (queue.running >= queue.window) return "window";
  return standstill ?? "turn";
}

/** Of what waits in the wheel. */
export function wheelReason(unit: Pick<ListedUnit, "notBefore">, now: Time): WaitReason {
  return isScheduled(unit, now) ? "scheduled" : "schedule";
}

/** Of what waits in the store for its destination; undefined: nothing is known of that. */
export function backlogReason(
  queue: Pick<DestinationQueue, "hold" | "down"> | undefined,
): WaitReason {
  if (queue?.hold !== undefined) return "hold";
  return queue?.down === undefined ? "backlog" : "down";
}
