/**
 * A deferred unit as the store keeps it. The unit itself stands in it as `proto/unit` writes it.
 */
import type { DeferredUnit, LastOutcome, Place } from "#lib/store/store";
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readBytes,
  readCount,
  readFlag,
  readMap,
  readStatus,
  readText,
  readTime,
  refuse,
} from "./record.ts";
import { decodeUnit, encodeUnit } from "./unit.ts";

export const deferredVersion = 1;

export function encodeDeferred(deferred: DeferredUnit): Uint8Array {
  const last: Record<string, unknown> = {};
  for (const [path, outcome] of Object.entries(deferred.last)) {
    const { at, status, text, code, remote } = outcome;
    last[path] = [at, status, text, code, remote];
  }
  return encodeRecord({
    v: deferredVersion,
    u: encodeUnit(deferred.unit),
    a: deferred.attempts,
    g: deferred.generation,
    ...(deferred.place.kind === "wheel" ? { p: deferred.place.dueAt } : undefined),
    ...(deferred.isDelayNotified ? { dn: true } : undefined),
    l: last,
  });
}

/** @throws {UndecodableRecord} */
export function decodeDeferred(bytes: Uint8Array): DeferredUnit {
  const fields = readMap(decodeRecord(bytes, "deferred unit"), "deferred unit");
  if (fields.v !== deferredVersion) {
    refuse("deferred unit", `version ${String(fields.v)} is not known`);
  }
  return {
    unit: decodeUnit(readBytes(fields.u, "deferred unit's unit")),
    attempts: readCount(fields.a, "deferred unit's attempts"),
    generation: readCount(fields.g, "deferred unit's generation"),
    place: readPlace(fields.p),
    isDelayNotified: readFlag(fields.dn, "deferred unit's delay flag"),
    last: readLast(fields.l),
  };
}

/** Without a due time it waits for its destination. */
function readPlace(dueAt: unknown): Place {
  if (dueAt === undefined) return { kind: "backlog" };
  return { kind: "wheel", dueAt: readTime(dueAt, "deferred unit's due time") };
}

function readLast(value: unknown): Record<string, LastOutcome> {
  const last: Record<string, LastOutcome> = {};
  for (const [path, outcome] of Object.entries(readMap(value, "deferred unit's outcomes"))) {
    const [at, status, text, code, remote] = readArray(outcome, "deferred unit's outcome");
    last[path] = {
      at: readTime(at, "outcome's time"),
      status: readStatus(status, "outcome's status"),
      text: readText(text, "outcome's text"),
      ...(code == null ? undefined : { code: readCount(code, "outcome's code") }),
      ...(remote == null ? undefined : { remote: readText(remote, "outcome's remote") }),
    };
  }
  return last;
}
