/**
 * A message to several destinations on its way to their shards: the records of its units, as they
 * will stand there. A map, so that a newer version may add to it.
 */
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readBytes,
  readCount,
  readMap,
  refuse,
} from "./record.ts";

export const splitVersion = 1;

export interface Split {
  /** Units as `proto/unit` encoded them; not decoded, so that one that cannot be can be parked. */
  readonly units: readonly Uint8Array[];
}

export function encodeSplit({ units }: Split): Uint8Array {
  return encodeRecord({ v: splitVersion, u: units });
}

/** @throws {UndecodableRecord} */
export function decodeSplit(bytes: Uint8Array): Split {
  const fields = readMap(decodeRecord(bytes, "split"), "split");
  if (fields.v !== splitVersion) refuse("split", `version ${String(fields.v)} is not known`);
  const units = readArray(fields.u, "split's units").map((unit) => readBytes(unit, "split's unit"));
  return units.length > 0 ? { units } : refuse("split's units", "there are none");
}

/** Which units of a split are in their shards already, by their places in it. */
export function encodeSplitProgress(done: Iterable<number>): Uint8Array {
  return encodeRecord({ v: splitVersion, d: [...done].toSorted((a, b) => a - b) });
}

/** @throws {UndecodableRecord} */
export function decodeSplitProgress(bytes: Uint8Array): ReadonlySet<number> {
  const fields = readMap(decodeRecord(bytes, "split's progress"), "split's progress");
  if (fields.v !== splitVersion) {
    refuse("split's progress", `version ${String(fields.v)} is not known`);
  }
  const done = readArray(fields.d, "split's progress");
  return new Set(done.map((place) => readCount(place, "split's progress")));
}
