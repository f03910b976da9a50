/** Bounces as stores answer them over the bus and the control API does: checked, since the other side may be of another version. */
import { z } from "zod";
import type { ShownBounce } from "#lib/bounces/bounce-csv";
import { BadAdminMessage } from "../admin.ts";

const bounce = z.object({
  at: z.number(),
  uid: z.string(),
  kind: z.string(),
  class: z.string(),
  rule: z.string(),
  recipient: z.object({ path: z.string() }),
  reversePath: z.string(),
  destination: z.string(),
  code: z.number().optional(),
  status: z.string(),
  text: z.string(),
  remote: z.string().optional(),
  source: z.string().optional(),
  tenant: z.string().optional(),
  campaign: z.string().optional(),
  attempt: z.number(),
});
const page = z.object({ bounces: z.array(bounce), next: z.string().optional() });
const counts = z.object({
  counts: z.array(z.object({ day: z.number(), class: z.string(), count: z.number() })),
});
const unknown = z.object({
  texts: z.array(
    z.object({ text: z.string(), count: z.number(), lastAt: z.number(), example: z.string() }),
  ),
});

export interface ShownBouncePage {
  readonly bounces: readonly ShownBounce[];
  readonly next?: string | undefined;
}

/** @throws {BadAdminMessage} */
export function readBouncePage(answer: unknown): ShownBouncePage {
  return read(page, answer, "the bounces");
}

/** @throws {BadAdminMessage} */
export function readBounceCounts(answer: unknown): z.output<typeof counts>["counts"] {
  return read(counts, answer, "the counts").counts;
}

/** @throws {BadAdminMessage} */
export function readUnknownBounces(answer: unknown): z.output<typeof unknown>["texts"] {
  return read(unknown, answer, "the unknown texts").texts;
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadAdminMessage(`Cannot read ${what}: ${z.prettifyError(parsed.error)}`);
}
