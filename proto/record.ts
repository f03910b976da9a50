/**
 * What every record that crosses a process or outlives one has in common: msgpack, a version, and
 * fields that are checked one by one, since a record is an outside value.
 *
 * A field may be added without a new version: older readers keep or ignore it. The version rises
 * only when an older reader would misunderstand; readers know their own version and the one before.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import type { Destination, Shard, Time, Uid } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import { parseStatus, type Status } from "#lib/smtp/status";

/** The bytes are no record that this version understands; the message says which field and why. */
export class UndecodableRecord extends Error {
  override readonly name = "UndecodableRecord";
}

/** Far above what we write; a hostile length must not make the decoder reserve memory. */
const lengthMax = 1_000_000;
/** A command line has 2,048 octets at most, so no path is longer. */
const pathLengthMax = 2_048;

const encoder = new Encoder();
const decoder = new Decoder({
  maxStrLength: lengthMax,
  maxArrayLength: lengthMax,
  maxMapLength: 1_000,
});

export function encodeRecord(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/** The value that `bytes` hold, not yet checked. */
export function decodeRecord(bytes: Uint8Array, what: string): unknown {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new UndecodableRecord(`Cannot decode ${what}: not a msgpack value`, { cause });
  }
}

export function refuse(what: string, field: string): never {
  throw new UndecodableRecord(`Cannot decode ${what}: ${field}`);
}

export function readMap(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    refuse(what, "it is not a map");
  }
  if (value instanceof Uint8Array || value instanceof Date) refuse(what, "it is not a map");
  return value as Readonly<Record<string, unknown>>;
}

export function readArray(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(what, "it is not an array");
}

export function readBytes(value: unknown, what: string): Uint8Array {
  return value instanceof Uint8Array ? value : refuse(what, "it is not bytes");
}

export function readText(value: unknown, what: string): string {
  return typeof value === "string" ? value : refuse(what, "it is not a string");
}

/** A flag is written only when it is true. */
export function readFlag(value: unknown, what: string): boolean {
  if (value === undefined || value === false) return false;
  return value === true ? true : refuse(what, "it is not a flag");
}

export function readCount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(what, "it is not a whole number of 0 or more");
}

/** A measure, which may have a fraction. */
export function readAmount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  return refuse(what, "it is not a number of 0 or more");
}

export function readTime(value: unknown, what: string): Time {
  return readCount(value, what);
}

export function readShard(value: unknown, what: string): Shard {
  return readCount(value, what) as Shard;
}

/** 26 characters of Crockford's base 32, a dot, a number. */
const uidForm = /^[0-9A-HJKMNP-TV-Z]{26}\.(?:0|[1-9]\d{0,5})$/;

export function readUid(value: unknown, what: string): Uid {
  if (typeof value === "string" && uidForm.test(value)) return value as Uid;
  return refuse(what, "it is not a uid");
}

/** Printable ASCII without a capital, a blank, or a path's delimiters. */
const destinationForm = /^[!-;=?[\]-~]{1,320}$/;
const addressLiteralForm = /^\[[!-Z^-~]{1,318}\]$/;

export function readDestination(value: unknown, what: string): Destination {
  const text = readText(value, what);
  if (destinationForm.test(text) || addressLiteralForm.test(text)) return text as Destination;
  return refuse(what, "it is not a destination");
}

/** Control characters could smuggle a command (RFC 5321 §4.1.2 knows none in a path). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controlCharacter = /[\u0000-\u001f\u007f]/;

export function readPath(value: unknown, what: string): PathText {
  const text = readText(value, what);
  if (text.length > pathLengthMax || controlCharacter.test(text)) refuse(what, "it is not a path");
  return text as PathText;
}

/** A word that may stand on a command line: a parameter's value, a tenant. */
export function readWord(value: unknown, what: string): string {
  const text = readText(value, what);
  if (text.length > pathLengthMax || controlCharacter.test(text)) refuse(what, "it is not a word");
  return text;
}

export function readStatus(value: unknown, what: string): Status {
  const text = readText(value, what);
  const status = parseStatus(text);
  return status === text ? status : refuse(what, "it is not an enhanced status code");
}

/** A closed list written as an index: a new word may only be added at the end. */
export function readChoice<T>(choices: readonly T[], value: unknown, what: string): T {
  const choice = choices[readCount(value, what)];
  return choice ?? refuse(what, "it is not one of the known words");
}
