/**
 * A message as it stands on a stream: `[u32 length][record][content]`. The record is read without
 * touching the content, and the content is never copied to get at it.
 */
import { assert } from "#lib/assert";
import { refuse } from "./record.ts";

export interface Frame {
  readonly record: Uint8Array;
  /** Empty, too, when the content stands in the stream BODY. */
  readonly content: Uint8Array;
}

const lengthBytes = 4;

export function encodeFrame({ record, content }: Frame): Uint8Array {
  const bytes = new Uint8Array(lengthBytes + record.length + content.length);
  new DataView(bytes.buffer).setUint32(0, record.length);
  bytes.set(record, lengthBytes);
  bytes.set(content, lengthBytes + record.length);
  return bytes;
}

/** @throws {UndecodableRecord} */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < lengthBytes) refuse("frame", "it is too short");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const end = lengthBytes + length;
  if (end > bytes.length) refuse("frame", "its record is longer than it is itself");
  return { record: bytes.subarray(lengthBytes, end), content: bytes.subarray(end) };
}

/** Says where content that did not travel with its unit stands. */
export interface BodyReference {
  /** In how many chunks it stands in the stream BODY. */
  readonly chunks: number;
  /** How many units need it: the last one removes it. */
  readonly units: number;
}

/** The header of a unit, split or chunk: `<chunks>/<units>`. */
export const bodyHeader = "Godwit-Body";
/** Small enough that no server minds, large enough that 25 MiB are few. */
export const chunkBytes = 512 * 1024;

const numberMax = 1_000_000;

export function bodyReferenceText({ chunks, units }: BodyReference): string {
  assert(chunks > 0 && units > 0, "content that stands apart has chunks, and units that need it");
  return `${chunks}/${units}`;
}

/** Undefined when there is no such header, or one that a newer version wrote. */
export function parseBodyReference(text: string | undefined): BodyReference | undefined {
  const [, chunks = "", units = ""] = /^(\d{1,7})\/(\d{1,7})/.exec(text ?? "") ?? [];
  const reference = { chunks: Number(chunks), units: Number(units) };
  const isPlausible = [reference.chunks, reference.units].every((n) => n > 0 && n <= numberMax);
  return isPlausible ? reference : undefined;
}
