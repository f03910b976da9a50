/**
 * Requests and answers as they cross the bus of a cluster. An answer that is larger than a message
 * may be comes in parts. As arrays: a new field is added at the end, and who does not know it ignores
 * it.
 */
import type { Answer, BusRequest, Json } from "#lib/leases/bus";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import { readIncarnation } from "./lease.ts";
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readBytes,
  readCount,
  readFlag,
  readMap,
  readShard,
  readText,
  refuse,
} from "./record.ts";

export const busVersion = 1;

const depthMax = 32;
/** An answer that needs more of them is refused by who would give it. */
export const partsMax = 64;

export function encodeRequest({ verb, arguments: args }: BusRequest): Uint8Array {
  return encodeRecord([busVersion, verb, args]);
}

/** @throws {UndecodableRecord} */
export function decodeRequest(bytes: Uint8Array): BusRequest {
  const [version, verb, args] = readArray(decodeRecord(bytes, "request"), "request");
  if (version !== busVersion) refuse("request", `version ${String(version)} is not known`);
  return { verb: readText(verb, "request's verb"), arguments: readFields(args, 0) };
}

/** A failed answer says why. */
export type Told = Answer | { readonly from: Incarnation; readonly failure: string };

export interface AnswerPart {
  readonly from: Incarnation;
  readonly isFailure: boolean;
  readonly shards: readonly Shard[];
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly bytes: Uint8Array;
}

/** Undefined when it would take more parts than there may be. */
export function encodeAnswer(told: Told, partBytesMax: number): readonly Uint8Array[] | undefined {
  const isFailure = "failure" in told;
  const bytes = encodeRecord(isFailure ? told.failure : told.value);
  const parts = Math.max(1, Math.ceil(bytes.length / partBytesMax));
  if (parts > partsMax) return undefined;
  const shards = isFailure ? [] : told.shards;
  return Array.from({ length: parts }, (_, part) => {
    const own = bytes.subarray(part * partBytesMax, (part + 1) * partBytesMax);
    return encodeRecord([busVersion, told.from, isFailure, shards, part, parts, own]);
  });
}

/** @throws {UndecodableRecord} */
export function decodeAnswerPart(message: Uint8Array): AnswerPart {
  const fields = readArray(decodeRecord(message, "answer"), "answer");
  const [version, from, isFailure, shards, part, parts, bytes] = fields;
  if (version !== busVersion) refuse("answer", `version ${String(version)} is not known`);
  const read: AnswerPart = {
    from: readIncarnation(from),
    isFailure: readFlag(isFailure, "answer's failure"),
    shards: readArray(shards, "answer's shards").map((s) => readShard(s, "answer's shard")),
    part: readCount(part, "answer's part"),
    parts: readCount(parts, "answer's parts"),
    bytes: readBytes(bytes, "answer's bytes"),
  };
  if (read.part >= read.parts || read.parts > partsMax) refuse("answer", "its parts do not add up");
  return read;
}

/** All parts of one answer, in any order. @throws {UndecodableRecord} */
export function joinAnswer(parts: readonly AnswerPart[]): Told {
  const sorted = [...parts].sort((a, b) => a.part - b.part);
  const first = sorted[0];
  if (first === undefined) return refuse("answer", "it has no parts");
  const value = decodeRecord(Buffer.concat(sorted.map(({ bytes }) => bytes)), "answer");
  const { from, shards, isFailure } = first;
  if (isFailure) return { from, failure: readText(value, "answer's failure") };
  return { from, shards, value: readJson(value, 0) };
}

function readJson(value: unknown, depth: number): Json {
  if (depth > depthMax) return refuse("bus value", "it is nested too deeply");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return value;
  if (Array.isArray(value)) return value.map((one) => readJson(one, depth + 1));
  return readFields(value, depth);
}

function readFields(value: unknown, depth: number): { readonly [key: string]: Json } {
  const fields = Object.entries(readMap(value, "bus value"));
  return Object.fromEntries(fields.map(([key, field]) => [key, readJson(field, depth + 1)]));
}
