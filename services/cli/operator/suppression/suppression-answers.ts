/** What the control API answers about suppressions, checked: it may be of another version. */
import { z } from "zod";
import { BadAdminMessage } from "#proto/admin";

const entry = z.object({
  address: z.string(),
  tenant: z.string().optional(),
  reason: z.string(),
  note: z.string().optional(),
  uid: z.string().optional(),
  at: z.number(),
  expiresAt: z.number().optional(),
});
const page = z.object({
  entries: z.array(entry),
  next: z.string().optional(),
  isWhole: z.boolean().optional(),
});

export type ListedSuppression = z.output<typeof entry>;
export type SuppressionPage = z.output<typeof page>;

export function readSuppressions(answer: unknown): SuppressionPage {
  return read(page, answer, "the suppressions");
}

export function readPut(answer: unknown): number {
  return read(z.object({ put: z.number() }), answer, "what was put").put;
}

export function readLifted(answer: unknown): number {
  return read(z.object({ lifted: z.number() }), answer, "what was lifted").lifted;
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadAdminMessage(`Cannot read ${what}: ${z.prettifyError(parsed.error)}`);
}
