/** What the API answers. */
import { z } from "zod";

export const recipientResult = z.strictObject({
  address: z.string(),
  status: z.enum(["accepted", "refused"]),
  queueId: z.string().exactOptional().meta({
    description: "Of an accepted one: its message, as `godwit trace` takes it.",
  }),
  code: z.int().exactOptional().meta({
    description: "Of a refused one: as SMTP replies. 4yz: a repeat may succeed; 5yz: it will not.",
  }),
  enhancedStatus: z.string().exactOptional(),
  reason: z.string().exactOptional(),
});

export const acceptedAnswer = z.strictObject({
  accepted: z.int(),
  refused: z.int(),
  recipients: z.array(recipientResult).meta({ description: "In the order of the request." }),
});

/** RFC 9457. */
export const problemAnswer = z.strictObject({
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z
    .array(z.strictObject({ path: z.string(), message: z.string() }))
    .exactOptional()
    .meta({ description: "Each fault of the request and where it stands." }),
  line: z.int().exactOptional(),
  column: z.int().exactOptional(),
  recipients: z.array(recipientResult).exactOptional(),
});

export type RecipientResult = z.output<typeof recipientResult>;
export type AcceptedAnswer = z.output<typeof acceptedAnswer>;
export type ProblemAnswer = z.output<typeof problemAnswer>;
