/**
 * The `limits` of the file, for all listeners and of one. What is not given is left to the edge.
 */
import { z } from "zod";
import type { ServerLimits } from "#lib/smtp/server/step";
import { bytes, count, span } from "./field.ts";

/** What a session may do; the defaults are the edge's, by kind of listener. */
const serverLimitFields = {
  // RFC 5321 §4.5.3.1.7: a server takes at least 64 K octets.
  messageSizeMax: bytes("64KiB").optional(),
  // RFC 5321 §4.5.3.1.8.
  recipientsMax: count(100, 100_000).optional(),
  // RFC 5321 §4.5.3.1.6, without CRLF.
  contentLineMax: count(998, 1_048_576).optional(),
  // RFC 5321 §4.5.3.1.4.
  commandLineMax: count(512, 65_536).optional(),
  authLineMax: count(512, 65_536).optional(),
  errorsSoftMax: count(1, 1_000).optional(),
  errorsHardMax: count(1, 1_000).optional(),
  errorDelay: span("0s").optional(),
  receivedFieldsMax: count(1, 1_000).optional(),
};

const edgeLimitFields = {
  sessionsMax: count(1, 1_000_000).optional(),
  sessionsPerAddressMax: count(1, 1_000_000).optional(),
  contentBytesMax: bytes("1MiB").optional(),
  idle: span("1s").optional(),
  stressedIdle: span("1s").optional(),
  handshake: span("1s").optional(),
  proxyHeader: span("1s").optional(),
  requestsMax: count(1, 1_000_000).optional(),
  requestsPerTokenMax: count(1, 1_000_000).optional(),
  stop: span("0s").optional(),
};

export const listenerLimits = z.strictObject(serverLimitFields).transform(serverLimitsOf);

export const limits = z
  .strictObject({ ...serverLimitFields, ...edgeLimitFields })
  .transform((written) => ({ server: serverLimitsOf(written), edge: edgeLimitsOf(written) }));

type ServerLimitsWritten = z.output<z.ZodObject<typeof serverLimitFields>>;
type EdgeLimitsWritten = z.output<z.ZodObject<typeof edgeLimitFields>>;

function serverLimitsOf(written: ServerLimitsWritten): Partial<ServerLimits> {
  return given({
    messageSizeMax: written.messageSizeMax,
    recipientsMax: written.recipientsMax,
    contentLineMax: written.contentLineMax,
    commandLineMax: written.commandLineMax,
    authLineMax: written.authLineMax,
    errorsSoftMax: written.errorsSoftMax,
    errorsHardMax: written.errorsHardMax,
    errorDelayMs: written.errorDelay,
    receivedFieldsMax: written.receivedFieldsMax,
  });
}

function edgeLimitsOf(written: EdgeLimitsWritten) {
  return given({
    sessionsMax: written.sessionsMax,
    sessionsPerAddressMax: written.sessionsPerAddressMax,
    contentBytesMax: written.contentBytesMax,
    idleMs: written.idle,
    stressedIdleMs: written.stressedIdle,
    handshakeMs: written.handshake,
    proxyHeaderMs: written.proxyHeader,
    requestsMax: written.requestsMax,
    requestsPerTokenMax: written.requestsPerTokenMax,
    stopMs: written.stop,
  });
}

/** Without what was not given, so that it can be spread over defaults. */
export function given<T extends object>(
  fields: T,
): { readonly [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
