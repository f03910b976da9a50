/**
 * What is asked of a worker's store over the bus by who has none: holds, measures, bounces, what is
 * parked.
 * Its answers are for people and their programs, and go on as they are.
 */
import { z } from "zod";
import { bounceClasses } from "#lib/bounces/bounce-class";
import type { BusRequest, Json } from "#lib/leases/bus";
import type { QueueId } from "#lib/queue/unit";
import { BadAdminMessage, parseMessageId } from "./admin.ts";
import { destination, time } from "./operator/fields.ts";
import { suppression, suppressionId } from "./suppression.ts";

const limit = z.number().int().min(1).max(1_000);
const name = z.string().max(2_000);
const queueId = z.custom<QueueId>((it) => typeof it === "string" && isQueueId(it));
const span = { since: time.exactOptional(), until: time.exactOptional() };
/** What bounces are both found and counted by. */
const counted = {
  ...span,
  destination: destination.exactOptional(),
  tenant: name.exactOptional(),
  campaign: name.exactOptional(),
  class: z.enum(bounceClasses).exactOptional(),
};

const requests = z.discriminatedUnion("verb", [
  z.object({ verb: z.literal("records.holds") }),
  z.object({
    verb: z.literal("records.putHold"),
    hold: z.object({ destination, reason: z.string(), since: time }),
  }),
  z.object({ verb: z.literal("records.dropHold"), destination }),
  z.object({ verb: z.literal("records.measures") }),
  z.object({ verb: z.literal("records.dropMeasure"), id: z.string().min(1).max(64) }),
  z.object({
    verb: z.literal("records.bounces"),
    ...counted,
    recipient: name.exactOptional(),
    queueId: queueId.exactOptional(),
    after: name.exactOptional(),
    limit,
  }),
  z.object({ verb: z.literal("records.countBounces"), ...counted }),
  z.object({ verb: z.literal("records.unknownBounces"), ...span, limit }),
  z.object({ verb: z.literal("records.parked"), limit }),
  z.object({ verb: z.literal("records.putSuppressions"), entries: z.array(suppression) }),
  z.object({ verb: z.literal("records.liftSuppressions"), ids: z.array(suppressionId) }),
  z.object({ verb: z.literal("records.findSuppressions"), ids: z.array(suppressionId) }),
  z.object({ verb: z.literal("records.suppressionsOf"), id: suppressionId }),
  z.object({
    verb: z.literal("records.suppressions"),
    tenant: z.string().exactOptional(),
    after: z.string().exactOptional(),
    limit,
  }),
]);

export type RecordsRequest = z.output<typeof requests>;
/** As it is written down: an entry by its address. */
type Written = z.input<typeof requests>;

export function isRecordsVerb(verb: string): boolean {
  return verb.startsWith("records.");
}

export function recordsRequest({ verb, ...rest }: Written): BusRequest {
  const plain: { readonly [key: string]: Json } = JSON.parse(JSON.stringify(rest));
  return { verb, arguments: plain };
}

/** @throws {BadAdminMessage} */
export function readRecordsRequest({ verb, arguments: rest }: BusRequest): RecordsRequest {
  const parsed = requests.safeParse({ ...rest, verb });
  if (parsed.success) return parsed.data;
  throw new BadAdminMessage(`Cannot read ${verb}: ${z.prettifyError(parsed.error)}`);
}

function isQueueId(text: string): boolean {
  return !text.includes(".") && parseMessageId(text) === text;
}
