/** A unit as an operator sees it. */
import { z } from "zod";
import { count, destination, shard, status, time, uid } from "./fields.ts";

export const recipientState = z
  .object({
    path: z.string(),
    /** What came of the last attempt; absent when there was none. */
    status: status.optional(),
    code: count.optional(),
    text: z.string().optional(),
    remote: z.string().optional(),
    at: time.optional(),
  })
  .readonly();

export const listedUnit = z
  .object({
    uid,
    destination,
    shard,
    reversePath: z.string(),
    recipients: z.array(recipientState).readonly(),
    /**
     * `ready`: in memory, waits for a session. `deferred`: waits until `nextAttemptAt`. `backlog`:
     * waits for its destination, whose timer `nextAttemptAt` is then, if it has one.
     */
    state: z.enum(["ready", "inFlight", "deferred", "backlog"]),
    sizeBytes: count,
    attempts: count,
    acceptedAt: time,
    /** Its sender does not want it tried before. */
    notBefore: time.optional(),
    expiresAt: time,
    nextAttemptAt: time.optional(),
    tenant: z.string().optional(),
    campaign: z.string().optional(),
    pool: z.string().optional(),
    /** `h` overtakes `n`. */
    lane: z.enum(["n", "h"]).optional(),
    isNotification: z.boolean(),
  })
  .readonly();

export type ListedUnit = z.output<typeof listedUnit>;
export type RecipientState = z.output<typeof recipientState>;
