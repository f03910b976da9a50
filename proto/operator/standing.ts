/** Where a unit stands, and what it waits for: of one message, and counted over all. */
import { z } from "zod";
import { waitSummary } from "./destination-summary.ts";
import { count } from "./fields.ts";
import { listedUnit } from "./listed-unit.ts";

/**
 * What mail waits for. The first are kinds of limits; the others:
 *
 * `rule`: a rule on replies holds it. `source`: the source it would go from cannot be used.
 * `lookup`: where the destination's mail goes is being found. `paused`: this worker starts nothing,
 * it was not heard of or its journal does not answer. `doubt`: a host failed, and one attempt after
 * the other tells whether another is there. `window`: the destination has as many sessions as are
 * sensible now. `sessions`: the worker has as many as it may. `turn`: nothing but its turn.
 * `hold`: an operator holds the destination. `down`: no host of it could be used.
 * `backlog`: those before it. `schedule`: the time of its next attempt. `scheduled`: the time that
 * its sender wants. `store`: whether an earlier owner of
 * the shard has dealt with it already.
 */
export const waitReasons = [
  ...["connections", "newConnections", "messages", "recipients", "bytes"],
  ...["rule", "source", "lookup", "paused", "doubt", "window", "sessions", "turn"],
  ...["hold", "down", "backlog", "schedule", "scheduled", "store"],
] as const;

export const standing = z
  .object({
    /**
     * `lane`: in memory, ready. `trying`: at a host, or on the way there. `writing`: in memory, and
     * what came of it, or where it waits from now on, is being written. `suspect`: read from the log
     * of a dead owner. `wheel`: for a time of its own. `backlog`: in the store, for its destination.
     */
    place: z.enum(["lane", "trying", "writing", "suspect", "wheel", "backlog"]),
    /** One of those above, or of a later version's; absent where it waits for nobody. */
    reason: z.string().optional(),
    /** What keeps its lane back, while something does. */
    wait: waitSummary.optional(),
    /** Units before it in its lane. */
    ahead: count.optional(),
    /** `mx1.example.net[192.0.2.1]`, at which it is. */
    host: z.string().optional(),
  })
  .readonly();

export const explainedUnit = z.object({ unit: listedUnit, standing }).readonly();

export type WaitReason = (typeof waitReasons)[number];
export type Standing = z.output<typeof standing>;
export type ExplainedUnit = z.output<typeof explainedUnit>;
