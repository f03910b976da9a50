/** A destination as an operator sees it: whether it may be tried, what waits for it, and what keeps that back. */
import { z } from "zod";
import { count, destination, shard, time } from "./fields.ts";

/** Mail that a limit, or a rule on replies, keeps back. */
export const waitSummary = z
  .object({
    /** Of whom; absent: of nobody in particular. */
    tenant: z.string().optional(),
    campaign: z.string().optional(),
    source: z.string().optional(),
    /** Units in memory that it keeps back. */
    ready: count,
    /** `hold`: of a rule on replies. `source`: it is broken. Else the kind of a limit: `messages`, `connections` … */
    kind: z.string(),
    /** The name of the limit, or rule. */
    name: z.string(),
    /** `10/min`; of a hold the reply that brought it; of a source why it is broken. */
    value: z.string(),
    /** For each of what it counts: `provider`, `source` … */
    scope: z.array(z.string()).readonly(),
    /** File and line. */
    provenance: z.string(),
    since: time,
    /** When one more may go; absent: when a connection is given back, or a share comes. */
    until: time.optional(),
  })
  .readonly();

export const destinationSummary = z
  .object({
    destination,
    shard,
    /**
     * `down`: no host could be used, `nextRetryAt` is when it is tried again. `held`: by an
     * operator.
     */
    state: z.enum(["open", "down", "held"]),
    /** Units in memory that wait for a session. */
    ready: count,
    /** Sessions at work, each with one unit. */
    inFlight: count,
    /** Sessions it may have at most now. */
    sessionsMax: count,
    /** Units in the store that wait for the destination, as far as is known. */
    backlog: count,
    /** Units that wait for a due time of their own, as far as is known. */
    deferred: count,
    /** Those of them that wait for their senders' time. */
    scheduled: count.optional(),
    /** There may be more: not all that waits could be looked through in time. */
    isDeferredPartial: z.boolean().optional(),
    nextRetryAt: time.optional(),
    /** Why it is down or held, or what the last failure was. */
    lastError: z.string().optional(),
    /** Since when it is down or held. */
    since: time.optional(),
    /** Whose limits it shares: a known provider, or what its mail exchangers have in common. */
    provider: z.string().optional(),
    /** What keeps ready mail back, by whose it is. */
    waits: z.array(waitSummary).readonly().optional(),
    /** When this was so: the owner of its shard does not answer now. */
    asOf: time.optional(),
  })
  .readonly();

export type DestinationSummary = z.output<typeof destinationSummary>;
export type WaitSummary = z.output<typeof waitSummary>;
