/** What waits to be fanned out, as a person reads it. */
import { spanText } from "../duration.ts";
import type { ClusterStatus } from "./control-answers.ts";

type Splits = ClusterStatus["splits"];

/** A line. Empty where there is no such thing. */
export function splitsText(splits: Splits): string {
  if (splits === undefined) return "";
  if (splits === "unknown") {
    return "How many messages to several destinations are not fanned out yet is not known now.\n";
  }
  const { waiting, inFlight, oldestMs } = splits;
  const count = waiting + inFlight;
  if (count === 0) return "All messages to several destinations are fanned out.\n";
  const which = count === 1 ? "1 message" : `${count} messages`;
  const oldest = oldestMs === undefined ? "" : `; the oldest came ${spanText(oldestMs)} ago`;
  return `${which} to several destinations not fanned out yet, ${inFlight} with a worker${oldest}.\n`;
}

/** Nothing to tell of a queue. */
export function areAllFannedOut(splits: Splits): boolean {
  return splits === undefined || (splits !== "unknown" && splits.waiting + splits.inFlight === 0);
}
