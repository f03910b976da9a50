/** What is kept under an idempotency key (ADR 0025). When it was written is known to whoever keeps it. */
import type { Begun, Claim } from "#lib/idempotency/claim";
import type { Time } from "#lib/queue/unit";
import {
  decodeRecord,
  encodeRecord,
  readBytes,
  readFlag,
  readMap,
  readText,
  readTime,
  refuse,
} from "../record.ts";

export const claimVersion = 1;

const what = "claim of a key";
const nothing = new Uint8Array();

/** `claimant`: so that what two write who take one claim over at the same time differs. */
export function encodeClaim(claim: Claim, claimant = ""): Uint8Array {
  const { fingerprint: f } = claim;
  if (claim.kind === "finished") return encodeRecord({ v: claimVersion, f, a: claim.answer });
  const { uid: u, partial: p, beganAt: b, isReleased: r } = claim;
  return encodeRecord({
    ...{ v: claimVersion, f, u },
    ...(p.length === 0 ? undefined : { p }),
    // The first to write it does not know the time by which it is kept.
    ...(b === claim.writtenAt ? undefined : { b }),
    ...(r ? { r } : undefined),
    ...(claimant === "" || claimant === u ? undefined : { c: claimant }),
  });
}

/** @throws {UndecodableRecord} */
export function decodeClaim(bytes: Uint8Array, writtenAt: Time): Claim {
  const fields = readMap(decodeRecord(bytes, what), what);
  if (fields.v !== claimVersion) refuse(what, `version ${String(fields.v)} is not known`);
  const fingerprint = readBytes(fields.f, "claim's fingerprint");
  if (fields.a !== undefined) {
    const answer = readBytes(fields.a, "claim's answer");
    return { kind: "finished", fingerprint, answer, writtenAt };
  }
  return { ...begunOf(fields, writtenAt), fingerprint };
}

function begunOf(
  { u, p, b, r }: Readonly<Record<string, unknown>>,
  writtenAt: Time,
): Omit<Begun, "fingerprint"> {
  return {
    kind: "begun",
    uid: readText(u, "claim's uid"),
    partial: p === undefined ? nothing : readBytes(p, "claim's partial answer"),
    beganAt: b === undefined ? writtenAt : readTime(b, "claim's beginning"),
    writtenAt,
    isReleased: readFlag(r, "claim's release"),
  };
}
