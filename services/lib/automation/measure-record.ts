/** A measure as it stands in a store and goes over the bus: JSON, of this version or another. */
import { z } from "zod";
import type { Dimension } from "#lib/limits/limit";
import type { Measure } from "./measure.ts";

const whole = z.number().int().nonnegative();
const rate = z.object({
  amount: z.number().positive(),
  periodMs: z.number().positive(),
  burst: z.number().positive(),
});
const limit = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["newConnections", "messages", "recipients", "bytes"]), rate }),
  z.object({
    kind: z.enum(["connections", "messagesPerConnection", "recipientsPerTransaction"]),
    max: whole.min(1),
  }),
]);
const effect = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("hold") }),
  z.object({ kind: z.literal("limit"), limit }),
  z.object({ kind: z.literal("skipHost"), host: z.string() }),
  z.object({ kind: z.literal("changeSource") }),
  z.object({ kind: z.literal("fail") }),
]);
/** Strict: one that binds fewer than this version knows must not bind more. */
const scope = z.strictObject({
  destination: z.string().exactOptional(),
  provider: z.string().exactOptional(),
  source: z.string().exactOptional(),
  tenant: z.string().exactOptional(),
  campaign: z.string().exactOptional(),
} satisfies Record<Dimension, z.ZodType>);

export const measureSchema = z.object({
  id: z.string().min(1).max(64),
  rule: z.string(),
  provenance: z.string(),
  effect,
  scope,
  since: whole,
  renewedAt: whole,
  until: whole,
  count: whole,
  sample: z.string(),
  by: z.string(),
}) satisfies z.ZodType<Measure>;

export function encodeMeasure(measure: Measure): string {
  return JSON.stringify(measure);
}

/** Undefined: of a version that knows more; whoever wrote it acts on it. */
export function decodeMeasure(record: string): Measure | undefined {
  return measureSchema.safeParse(JSON.parse(record)).data;
}
