/**
 * An entry of the suppression list as it crosses the bus, the control API and an operator's files.
 * Its address is as a person writes it: `joe@example.com`, or `example.com` for the whole domain.
 */
import { z } from "zod";
import {
  noteLengthMax,
  parseSuppressionKey,
  type Suppression,
  type SuppressionId,
  type SuppressionKey,
} from "#lib/suppression/suppression";
import { readUid, UndecodableRecord } from "./record.ts";

/** Letters, digits and some more, as in the configuration. */
const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/, {
  error: ({ input }) => `"${String(input)}" is no name: letters, digits and any of _ . @ -`,
});

const address = z.string().transform((text, context): SuppressionKey => {
  const key = parseSuppressionKey(text.trim());
  if (key !== undefined) return key;
  context.addIssue(`"${text}" is neither a mailbox nor a domain`);
  return z.NEVER;
});

/** Milliseconds since the epoch, or an ISO date. */
const time = z.union([z.number(), z.string()]).transform((value, context) => {
  const isCount = typeof value === "number" || /^\d{1,15}$/.test(value);
  const at = isCount ? Number(value) : Date.parse(value);
  if (Number.isSafeInteger(at) && at >= 0) return at;
  context.addIssue(`"${value}" is no time`);
  return z.NEVER;
});

const uid = z.string().transform((text, context) => {
  try {
    return readUid(text, "uid");
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    context.addIssue(`"${text}" is no unit's id`);
    return z.NEVER;
  }
});

/** What control characters would do to a terminal, they must not do from here. */
const note = z
  .string()
  .transform((text) => text.replace(/\p{Cc}+/gu, " ").trim())
  .pipe(z.string().max(noteLengthMax));

const idFields = { address, tenant: word.exactOptional() };

/** One that is to be lifted or looked for. */
export const suppressionId = z
  .strictObject(idFields)
  .transform(({ address: key, ...rest }): SuppressionId => ({ key, ...rest }));

/** One that is to be put; `at` and `reason` are told by who puts it when they are absent. */
export const suppressionEntry = z
  .strictObject({
    ...idFields,
    reason: word.exactOptional(),
    note: note.exactOptional(),
    uid: uid.exactOptional(),
    at: time.exactOptional(),
    expiresAt: time.exactOptional(),
  })
  .transform(({ address: key, ...rest }) => ({ key, ...rest }));

/** As the store has it, on its way between processes. */
export const suppression = z
  .object({
    address,
    tenant: z.string().exactOptional(),
    reason: z.string(),
    note: z.string().exactOptional(),
    uid: uid.exactOptional(),
    at: z.number(),
    expiresAt: z.number().exactOptional(),
  })
  .transform(({ address: key, ...rest }): Suppression => ({ key, ...rest }));

/** The address of an entry, as a person writes it. */
export function addressOf(key: SuppressionKey): string {
  return key.startsWith("@") ? key.slice(1) : key;
}

/** As JSON tells it. */
export function listedSuppression({ key, ...rest }: Suppression) {
  return { address: addressOf(key), ...rest };
}

export function listedSuppressionId({ key, tenant }: SuppressionId) {
  return { address: addressOf(key), ...(tenant === undefined ? {} : { tenant }) };
}
