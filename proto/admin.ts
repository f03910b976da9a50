/**
 * What an operator may ask of the workers over the bus: verbs, their arguments and answers.
 * Checked on both ends, since the two may be of different versions: a field may be added to either,
 * and is ignored by who does not know it.
 */
import { z } from "zod";
import { measureSchema } from "#lib/automation/measure-record";
import type { BusRequest, Json } from "#lib/leases/bus";
import type { Destination, QueueId, Uid } from "#lib/queue/unit";
import { parseDomain } from "#lib/smtp/domain";
import { destinationSummary } from "./operator/destination-summary.ts";
import { count, destination, queueId, shard, time, uid } from "./operator/fields.ts";
import { listedUnit } from "./operator/listed-unit.ts";
import { explainedUnit } from "./operator/standing.ts";

/** Units in one answer of `queue.list`. */
export const listLimitMax = 1_000;

/** Measures in one request of `measure.bind`. */
export const measuresPerRequestMax = 100;

/** The units that are meant: those of a destination, those of a message, or one. */
const selection = z.union([
  z.object({ destination }).readonly(),
  z.object({ id: z.union([uid, queueId]) }).readonly(),
]);

/** Of these only what is in memory is told: their store could not be read. */
const unread = z.object({ shards: z.array(shard).readonly(), reason: z.string() }).readonly();

/** What an answer says nothing about. */
const unanswered = z
  .object({
    shards: z.array(shard).readonly(),
    /** Who should have answered, and why they did not; a shard may have had no owner, too. */
    workers: z
      .array(
        z
          .object({
            name: z.string(),
            reason: z.string(),
            /** Since its last heartbeat. */
            silentMs: count.optional(),
            /** Those of the shards that are under its name. */
            shards: z.array(shard).readonly().optional(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();

/** Destinations or units that a command changed, at the worker that answers. */
const changed = z.object({ units: count, destinations: count }).readonly();

const measureList = z.object({ measures: z.array(measureSchema).readonly() }).readonly();

const shardCondition = z
  .object({
    shard,
    epoch: count,
    floor: count,
    /** Units in memory that are not settled. */
    unsettled: count,
    /** It reads nothing more, and is given up when what runs has ended. */
    isLeaving: z.boolean(),
    /** What keeps it from going on; absent when nothing does. */
    heldUpBy: z.string().optional(),
  })
  .readonly();

/** Every verb is asked of all workers, each of which answers for the shards it owns. */
const verbs = {
  /** What only the owner of a shard knows. */
  "shard.status": {
    arguments: z.object({}).readonly(),
    answer: z.object({ shards: z.array(shardCondition).readonly() }).readonly(),
  },
  "queue.summary": {
    arguments: z.object({ destination: destination.optional() }).readonly(),
    answer: z.object({ destinations: z.array(destinationSummary).readonly() }).readonly(),
  },
  /** By uid, from behind `after`; the smallest `limit` of what the worker found in time. */
  "queue.list": {
    arguments: z
      .object({
        destination: destination.optional(),
        after: uid.optional(),
        limit: count.min(1).max(listLimitMax),
      })
      .readonly(),
    answer: z
      .object({
        units: z.array(listedUnit).readonly(),
        /** It has looked through all up to here, and more may wait behind it. */
        next: uid.optional(),
        unread: unread.optional(),
      })
      .readonly(),
  },
  "queue.show": {
    arguments: z.object({ id: z.union([uid, queueId]) }).readonly(),
    answer: z
      .object({
        units: z.array(listedUnit).readonly(),
        /**
         * The header section as text (bytes beyond ASCII replaced); absent when the content is
         * gone.
         */
        headerSection: z.string().optional(),
        unread: unread.optional(),
      })
      .readonly(),
  },
  /** Where each unit of a message stands, and why; with the destinations for which they wait. */
  "queue.explain": {
    arguments: z.object({ id: z.union([uid, queueId]) }).readonly(),
    answer: z
      .object({
        units: z.array(explainedUnit).readonly(),
        /** As memory knows them: what waits for a time of its own is counted as far as that. */
        destinations: z.array(destinationSummary).readonly(),
        unread: unread.optional(),
      })
      .readonly(),
  },
  /** Due now, whatever the schedule says; a destination that is down is tried at once. */
  "queue.retry": { arguments: selection, answer: changed },
  /** The hold itself is in the store already: this makes it bind at once. */
  "queue.hold": {
    arguments: z.object({ destination, reason: z.string(), since: time }).readonly(),
    answer: changed,
  },
  /** The hold is gone from the store already. */
  "queue.release": { arguments: z.object({ destination }).readonly(), answer: changed },
  /** Something was put on the suppression list: it is in the store already. */
  "suppressions.look": {
    arguments: z.object({}).readonly(),
    answer: z.object({}).readonly(),
  },
  /** Ends units without delivery and without a notification. */
  "queue.cancel": { arguments: selection, answer: changed },
  /** What rules have set, as the worker knows it. */
  "measure.list": { arguments: z.object({}).readonly(), answer: measureList },
  /** Started at the worker that asks: this makes them bind at once. */
  "measure.bind": {
    arguments: z
      .object({ measures: z.array(measureSchema).max(measuresPerRequestMax).readonly() })
      .readonly(),
    answer: z.object({}).readonly(),
  },
  /** Replies that the worker that asks has counted, and that did not suffice to start anything. */
  "measure.heard": {
    arguments: z
      .object({
        by: z.string(),
        counted: z
          .array(z.object({ rule: z.string(), key: z.string(), count: count.min(1) }).readonly())
          .max(measuresPerRequestMax)
          .readonly(),
      })
      .readonly(),
    answer: z.object({}).readonly(),
  },
  /** They are gone from the store already. */
  "measure.cancel": {
    arguments: z.object({ ids: z.array(z.string()).readonly() }).readonly(),
    answer: z.object({ cancelled: z.array(z.string()).readonly() }).readonly(),
  },
} as const;

export type AdminVerb = keyof typeof verbs;
export type AdminArguments<Verb extends AdminVerb> = z.output<(typeof verbs)[Verb]["arguments"]>;
export type AdminAnswer<Verb extends AdminVerb> = z.output<(typeof verbs)[Verb]["answer"]>;

export type ShardCondition = z.output<typeof shardCondition>;
export type Selection = z.output<typeof selection>;
export type Unread = z.output<typeof unread>;
export type SilentWorker = Unanswered["workers"][number];
export type Unanswered = z.output<typeof unanswered>;
export type Changed = z.output<typeof changed>;

/** The same table, so that a verb's schema is of the verb's type. */
const schemas: {
  readonly [Verb in AdminVerb]: {
    readonly arguments: z.ZodType<AdminArguments<Verb>>;
    readonly answer: z.ZodType<AdminAnswer<Verb>>;
  };
} = verbs;

/** The other end asked or answered something that this version does not understand. */
export class BadAdminMessage extends Error {
  override readonly name = "BadAdminMessage";
}

export function isAdminVerb(verb: string): verb is AdminVerb {
  return Object.hasOwn(verbs, verb);
}

/** A request for the bus. */
export function adminRequest<Verb extends AdminVerb>(
  verb: Verb,
  args: AdminArguments<Verb>,
): BusRequest {
  return { verb, arguments: plain(args) };
}

/** The arguments of a request, on the worker's end. @throws {BadAdminMessage} */
export function readAdminArguments<Verb extends AdminVerb>(
  verb: Verb,
  value: unknown,
): AdminArguments<Verb> {
  return read(schemas[verb].arguments, value, `arguments of ${verb}`);
}

/** What a worker answers, as it goes over the bus. */
export function adminAnswer<Verb extends AdminVerb>(_: Verb, answer: AdminAnswer<Verb>): Json {
  return plain(answer);
}

/** A worker's answer, on the asking end. @throws {BadAdminMessage} */
export function readAdminAnswer<Verb extends AdminVerb>(
  verb: Verb,
  value: unknown,
): AdminAnswer<Verb> {
  return read(schemas[verb].answer, value, `answer to ${verb}`);
}

/**
 * The destination as a worker knows it (lower case, A-labels), or undefined when the text is none.
 */
export function parseDestination(text: string): Destination | undefined {
  const name = text.startsWith("[") ? text.toLowerCase() : parseDomain(text);
  return destination.safeParse(name).data;
}

/** A queue id or a uid, or undefined when the text is neither. */
export function parseMessageId(text: string): QueueId | Uid | undefined {
  return z.union([uid, queueId]).safeParse(text.toUpperCase()).data;
}

/** What the control API adds to the answers of several workers. @throws {BadAdminMessage} */
export function readUnanswered(value: unknown): Unanswered | undefined {
  const what = "what is unanswered";
  return read(z.object({ unanswered: unanswered.optional() }), value, what).unanswered;
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadAdminMessage(`Cannot read ${what}: ${z.prettifyError(parsed.error)}`);
}

/** As JSON would carry it: without what is undefined. */
function plain(value: unknown) {
  return JSON.parse(JSON.stringify(value));
}
