/**
 * A unit as it stands in a log. A map with short keys, so that a field which a newer version added
 * survives our reading and writing it. What a newer version adds for a recipient belongs into the
 * unit's map as well, since recipients are written as bare values.
 */
import type { Envelope, Notify, Recipient, Unit } from "#lib/queue/unit";
import { isTraceParent } from "#lib/telemetry/tracing";
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readChoice,
  readCount,
  readDestination,
  readFlag,
  readMap,
  readPath,
  readTime,
  readUid,
  readWord,
  refuse,
} from "./record.ts";

export const unitVersion = 1;

const rets = ["full", "headers"] as const;
/** In this order the bits of a NOTIFY set. RFC 3461 §4.1: a set, so its order does not matter. */
const notifies = ["never", "success", "failure", "delay"] as const;

type Fields = Record<string, unknown>;

export function encodeUnit(unit: Unit): Uint8Array {
  const { envelope } = unit;
  const fields: Fields = { ...unit.unknown };
  fields.v = unitVersion;
  fields.u = unit.uid;
  fields.d = unit.destination;
  fields.f = envelope.reversePath;
  fields.r = unit.recipients.map(recipientValue);
  fields.a = unit.acceptedAt;
  fields.x = unit.expiresAt;
  fields.z = unit.sizeBytes;
  if (envelope.body === "8bitmime") fields.b = true;
  if (envelope.smtpUtf8) fields.s = true;
  if (envelope.ret !== undefined) fields.rt = rets.indexOf(envelope.ret);
  if (envelope.envid !== undefined) fields.ei = envelope.envid;
  if (unit.lane === "h") fields.h = true;
  if (unit.tenant !== undefined) fields.t = unit.tenant;
  if (unit.campaign !== undefined) fields.c = unit.campaign;
  if (unit.pool !== undefined) fields.p = unit.pool;
  if (unit.trace !== undefined) fields.tp = unit.trace;
  if (unit.isNotification) fields.n = true;
  if (unit.notBefore !== undefined) fields.nb = unit.notBefore;
  return encodeRecord(fields);
}

const knownKeys: ReadonlySet<string> = new Set(
  "v u d f r a x z b s rt ei h t c p tp n nb".split(" "),
);

/** @throws {UndecodableRecord} */
export function decodeUnit(bytes: Uint8Array): Unit {
  const fields = readMap(decodeRecord(bytes, "unit"), "unit");
  if (fields.v !== unitVersion) refuse("unit", `version ${String(fields.v)} is not known`);
  const unknown = unknownFields(fields);
  return {
    uid: readUid(fields.u, "unit's uid"),
    destination: readDestination(fields.d, "unit's destination"),
    envelope: readEnvelope(fields),
    recipients: readRecipients(fields.r),
    lane: readFlag(fields.h, "unit's lane") ? "h" : "n",
    acceptedAt: readTime(fields.a, "unit's time of acceptance"),
    expiresAt: readTime(fields.x, "unit's time of expiry"),
    sizeBytes: readCount(fields.z, "unit's size"),
    ...readLabels(fields),
    ...readSchedule(fields),
    // It serves only those who watch: a wrong one must not hold up the mail.
    ...(isTraceParent(fields.tp) ? { trace: fields.tp } : undefined),
    isNotification: readFlag(fields.n, "unit's notification flag"),
    ...(unknown === undefined ? undefined : { unknown }),
  };
}

function readLabels({ t: tenant, c: campaign, p: pool }: Readonly<Fields>) {
  return {
    ...(tenant === undefined ? undefined : { tenant: readWord(tenant, "unit's tenant") }),
    ...(campaign === undefined ? undefined : { campaign: readWord(campaign, "unit's campaign") }),
    ...(pool === undefined ? undefined : { pool: readWord(pool, "unit's pool") }),
  };
}

function readSchedule({ nb: notBefore }: Readonly<Fields>) {
  if (notBefore === undefined) return undefined;
  return { notBefore: readTime(notBefore, "unit's time to be sent") };
}

function unknownFields(fields: Readonly<Fields>): Fields | undefined {
  let unknown: Fields | undefined;
  for (const key in fields) {
    if (knownKeys.has(key)) continue;
    unknown ??= {};
    unknown[key] = fields[key];
  }
  return unknown;
}

function readEnvelope(fields: Readonly<Fields>): Envelope {
  const { rt: ret, ei: envid } = fields;
  return {
    reversePath: readPath(fields.f, "unit's reverse-path"),
    ...(ret === undefined ? undefined : { ret: readChoice(rets, ret, "unit's RET") }),
    ...(envid === undefined ? undefined : { envid: readWord(envid, "unit's ENVID") }),
    body: readFlag(fields.b, "unit's BODY") ? "8bitmime" : "7bit",
    smtpUtf8: readFlag(fields.s, "unit's SMTPUTF8"),
  };
}

/** Nearly every recipient has no DSN parameters: then it is its path alone. */
function recipientValue(recipient: Recipient): unknown {
  const { path, notify, orcpt } = recipient;
  if (notify === undefined && orcpt === undefined) return path;
  return [path, notify === undefined ? null : notifySet(notify), orcpt ?? null];
}

function readRecipients(value: unknown): readonly Recipient[] {
  const recipients = readArray(value, "unit's recipients").map(readRecipient);
  return recipients.length > 0 ? recipients : refuse("unit's recipients", "there are none");
}

function readRecipient(value: unknown): Recipient {
  if (typeof value === "string") return { path: readForwardPath(value) };
  const [path, notify, orcpt] = readArray(value, "unit's recipient");
  return {
    path: readForwardPath(path),
    ...(notify == null ? undefined : { notify: readNotify(notify) }),
    ...(orcpt == null ? undefined : { orcpt: readWord(orcpt, "recipient's ORCPT") }),
  };
}

function readForwardPath(value: unknown) {
  const path = readPath(value, "unit's recipient");
  return path === "" ? refuse("unit's recipient", "it is empty") : path;
}

function notifySet(notify: readonly Notify[]): number {
  return notify.reduce((bits, word) => bits | (1 << notifies.indexOf(word)), 0);
}

function readNotify(value: unknown): readonly Notify[] {
  const bits = readCount(value, "recipient's NOTIFY");
  if (bits === 0 || bits >= 1 << notifies.length) refuse("recipient's NOTIFY", "unknown word");
  return notifies.filter((_, bit) => (bits & (1 << bit)) !== 0);
}
