/** What the control API answers, checked: it may be of another version. */
import { z } from "zod";
import { measureSchema } from "#lib/automation/measure-record";
import { BadAdminMessage, type Changed, readAdminAnswer, type Unanswered } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ListedUnit } from "#proto/operator/listed-unit";
import type { ExplainedUnit } from "#proto/operator/standing";

const time = z.number();

const event = z.object({
  at: time,
  uid: z.string(),
  destination: z.string(),
  /** Any word, so that a later version's is shown, too. */
  disposition: z.string(),
  attempt: z.number(),
  recipients: z.array(
    z.object({
      path: z.string(),
      outcome: z.string(),
      code: z.number().optional(),
      status: z.string().optional(),
      text: z.string(),
    }),
  ),
  remote: z.string().optional(),
  tls: z.string().optional(),
  durationMs: z.number().optional(),
  nextAttemptAt: time.optional(),
});
const parked = z.object({
  shard: z.number(),
  sequence: z.number(),
  uid: z.string(),
  at: time,
  reason: z.string(),
  recordBase64: z.string(),
});
const hold = z.object({ destination: z.string(), reason: z.string(), since: time });

const parkedUnits = z.array(z.object({ uid: z.string(), at: time, reason: z.string() })).optional();

const measures = z.object({ measures: z.array(measureSchema) });
const cancelled = z.object({ cancelled: z.array(z.string()) });

const splits = z
  .union([
    z.object({ waiting: z.number(), inFlight: z.number(), oldestMs: z.number().optional() }),
    z.literal("unknown"),
  ])
  .optional();

const replicas = z
  .union([
    z.object({
      streams: z.number(),
      lacking: z
        .array(
          z.object({
            stream: z.string(),
            faults: z
              .array(
                z.object({
                  /** Any word, so that a later version's is shown, too. */
                  kind: z.string(),
                  server: z.string().optional(),
                  entries: z.number().optional(),
                  count: z.number().optional(),
                }),
              )
              .readonly(),
          }),
        )
        .readonly(),
    }),
    z.literal("unknown"),
  ])
  .optional();

const clusterStatus = z.object({
  splits,
  replicas,
  workers: z.array(
    z.object({
      name: z.string(),
      standing: z.string(),
      silentMs: z.number(),
      shards: z.number(),
      unanswered: z.string().optional(),
    }),
  ),
  shards: z.array(
    z.object({
      shard: z.number(),
      owner: z.string().optional(),
      epoch: z.number().optional(),
      floor: z.number(),
      end: z.number().optional(),
      lag: z.number().optional(),
      state: z.string(),
      waitsFor: z.string().optional(),
      waitsMs: z.number().optional(),
      reason: z.string().optional(),
      unsettled: z.number().optional(),
    }),
  ),
});

export type ClusterStatus = z.output<typeof clusterStatus>;
export type TracedEvent = z.output<typeof event>;
export type Hold = z.output<typeof hold>;

export interface ListedPage {
  readonly units: readonly ListedUnit[];
  readonly next: string | undefined;
}

export interface Shown {
  readonly units: readonly ListedUnit[];
  readonly headerSection?: string | undefined;
}

export interface Summary {
  readonly destinations: readonly DestinationSummary[];
  readonly splits?: ClusterStatus["splits"];
}

export interface Explained {
  readonly units: readonly ExplainedUnit[];
  readonly destinations: readonly DestinationSummary[];
  readonly parked?: z.output<typeof parkedUnits>;
  readonly splits?: ClusterStatus["splits"];
  readonly unanswered?: Unanswered;
}

export function readPage(answer: unknown): ListedPage {
  const { units, next } = readAdminAnswer("queue.list", answer);
  return { units, next };
}

export function readShown(answer: unknown): Shown {
  return readAdminAnswer("queue.show", answer);
}

export function readSummary(answer: unknown): Summary {
  const { destinations } = readAdminAnswer("queue.summary", answer);
  return { destinations, ...read(z.object({ splits }), answer, "what is not fanned out") };
}

/** The same as `queue.explain`, and what the control API adds. */
export function readExplained(answer: unknown): Explained {
  const { units, destinations } = readAdminAnswer("queue.explain", answer);
  const added = z.object({ parked: parkedUnits, splits });
  return { units, destinations, ...read(added, answer, "what became of it") };
}

export function readChanged(answer: unknown): Changed {
  return readAdminAnswer("queue.retry", answer);
}

export function readTrace(answer: unknown): readonly TracedEvent[] {
  return read(z.object({ events: z.array(event) }), answer, "the trace").events;
}

export function readHolds(answer: unknown): readonly Hold[] {
  return read(z.object({ holds: z.array(hold) }), answer, "the holds").holds;
}

export function readMeasures(answer: unknown): z.output<typeof measures> {
  return read(measures, answer, "what rules have set");
}

export function readCancelled(answer: unknown): z.output<typeof cancelled> {
  return read(cancelled, answer, "what was cancelled");
}

export function readParked(answer: unknown): readonly z.output<typeof parked>[] {
  return read(z.object({ parked: z.array(parked) }), answer, "what is parked").parked;
}

export function readClusterStatus(answer: unknown): ClusterStatus {
  return read(clusterStatus, answer, "the state of the cluster");
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadAdminMessage(`Cannot read ${what}: ${z.prettifyError(parsed.error)}`);
}
