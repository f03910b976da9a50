/** From a message of a shard's stream to an entry of its log, whatever it holds. */
import { assert } from "#lib/assert";
import { parseUid } from "#lib/queue/queue-id";
import type { Shard, Uid } from "#lib/queue/unit";
import type { LogEntry } from "#lib/stream/stream";
import {
  type BodyReference,
  bodyHeader,
  decodeFrame,
  type Frame,
  parseBodyReference,
} from "#proto/frame";
import { UndecodableRecord } from "#proto/record";
import { decodeUnit } from "#proto/unit";
import { idHeader } from "../publishing/publisher.ts";
import type { LaneMessage } from "./ordered-lane.ts";

export interface ReadEntry {
  readonly entry: LogEntry;
  /** Where its content stands, when it did not travel with it. */
  readonly body?: BodyReference;
}

const nothing = new Uint8Array();

export function readEntry(shard: Shard, { sequence, message }: LaneMessage): ReadEntry {
  const { record, content } = frameOf(message.data);
  const unit = orUndefined(() => decodeUnit(record));
  const uid = unit?.uid ?? uidOf(message.headers?.get(idHeader), shard, sequence);
  const known = unit === undefined ? { sequence, uid, record } : { sequence, uid, record, unit };
  // The header is looked at only where there is no content: reading it costs more than the rest.
  if (content.length > 0) return { entry: { ...known, content: owned(content) } };
  const body = parseBodyReference(message.headers?.get(bodyHeader));
  return body === undefined ? { entry: { ...known, content } } : { entry: known, body };
}

/**
 * What is read is a part of what came at once from the server, half a megabyte under load: one
 * message that waits would keep all of it in memory.
 */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes;
}

/** What is no frame is a record that nobody can read. */
function frameOf(data: Uint8Array): Frame {
  return orUndefined(() => decodeFrame(data)) ?? { record: data, content: nothing };
}

/** Its id, or one made of where it stands: it must have one to be parked. */
function uidOf(id: string | undefined, shard: Shard, sequence: number): Uid {
  const own = parseUid(id ?? "");
  if (own !== undefined) return own;
  const place = String(shard).padStart(4, "0") + String(sequence).padStart(22, "0");
  const made = parseUid(`${place}.0`);
  assert(made !== undefined, "digits are characters of a queue id");
  return made;
}

function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof UndecodableRecord) return undefined;
    throw error;
  }
}
