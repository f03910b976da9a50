/** Parameters of requests: text in a URL, or fields of a JSON body. */
import { z } from "zod";
import { listLimitMax, parseDestination, parseMessageId } from "#proto/admin";
import { readUid } from "#proto/record";

const limitDefault = 100;

export const destination = z.string().transform((text, context) => {
  const parsed = parseDestination(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(`"${text}" is no domain`);
  return z.NEVER;
});

/** A queue id, or a uid. */
export const messageId = z.string().transform((text, context) => {
  const parsed = parseMessageId(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(`"${text}" is no queue id`);
  return z.NEVER;
});

/** A uid, as the `next` of a list is. */
export const position = messageId.transform((id, context) => {
  if (id.includes(".")) return readUid(id, "position");
  context.addIssue(`"${id}" is no unit's id`);
  return z.NEVER;
});

export const limit = z.coerce
  .number("is no number")
  .int("is no whole number")
  .min(1, "must be at least 1")
  .max(listLimitMax, `must be at most ${listLimitMax}`)
  .default(limitDefault);

/** Milliseconds since the epoch, or an ISO date. */
export const time = z.string().transform((text, context) => {
  const at = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(at)) return at;
  context.addIssue(`"${text}" is no time`);
  return z.NEVER;
});
