/**
 * What stands in a worker's journal: records of events, and at its end the seal of whoever took
 * over. Events are an array and a seal is a map, so that neither is taken for the other.
 */
import type { UnitEvent } from "#lib/queue/event";
import type { Time } from "#lib/queue/unit";
import { decodeEvents } from "./event.ts";
import { decodeRecord, encodeRecord, readMap, readTime, readWord, refuse } from "./record.ts";

export const sealVersion = 1;

export interface Seal {
  /** Who took over, for people. */
  readonly by: string;
  readonly at: Time;
}

export type JournalRecord =
  | { readonly kind: "events"; readonly events: readonly UnitEvent[] }
  | { readonly kind: "seal"; readonly seal: Seal };

export function encodeSeal({ by, at }: Seal): Uint8Array {
  return encodeRecord({ v: sealVersion, seal: true, by, at });
}

/** Of msgpack: a map of up to 15 fields, or of more. Events begin with an array. */
export function isSeal(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  return (first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf;
}

/** @throws {UndecodableRecord} */
export function decodeJournalRecord(bytes: Uint8Array): JournalRecord {
  if (!isSeal(bytes)) return { kind: "events", events: decodeEvents(bytes) };
  const fields = readMap(decodeRecord(bytes, "seal"), "seal");
  if (fields.seal !== true) refuse("seal", "it is a record of another kind");
  return {
    kind: "seal",
    seal: { by: readWord(fields.by, "seal's worker"), at: readTime(fields.at, "seal's time") },
  };
}
