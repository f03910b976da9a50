/**
 * What stands in the buckets of workers and shards: who lives, who owns a shard, and how far it has
 * come. As arrays: a new field is added at the end, and who does not know it ignores it.
 */
import { type Checkpoint, epochOf, type Lease, type Standing } from "#lib/leases/leases";
import { type Incarnation, incarnationOf } from "#lib/stream/journal";
import {
  decodeRecord,
  encodeRecord,
  readArray,
  readBytes,
  readChoice,
  readCount,
  readWord,
  refuse,
} from "./record.ts";

export const leaseVersion = 1;

/** Written as their index: only ever add at the end. */
const standings: readonly Standing[] = ["staying", "leaving"];

export interface MemberRecord {
  readonly incarnation: Incarnation;
  readonly standing: Standing;
}

export function encodeMember({ incarnation, standing }: MemberRecord): Uint8Array {
  return encodeRecord([leaseVersion, incarnation, standings.indexOf(standing)]);
}

/** @throws {UndecodableRecord} */
export function decodeMember(bytes: Uint8Array): MemberRecord {
  const [version, incarnation, standing] = readArray(decodeRecord(bytes, "member"), "member");
  if (version !== leaseVersion) refuse("member", `version ${String(version)} is not known`);
  return {
    incarnation: readIncarnation(incarnation),
    standing: readChoice(standings, standing, "member's standing"),
  };
}

export function encodeLease({ epoch, owner, checkpoint }: Lease): Uint8Array {
  const told = checkpoint === undefined ? null : checkpointValue(checkpoint);
  return encodeRecord([leaseVersion, epoch, owner ?? null, told]);
}

function checkpointValue(checkpoint: Checkpoint): readonly unknown[] {
  const { floor, suspectThrough, limits, log } = checkpoint;
  const journals = checkpoint.journals.map(({ writer, position }) => [writer, position]);
  if (log !== undefined) return [floor, journals, suspectThrough ?? null, limits ?? null, log];
  if (limits !== undefined) return [floor, journals, suspectThrough ?? null, limits];
  return suspectThrough === undefined ? [floor, journals] : [floor, journals, suspectThrough];
}

/** @throws {UndecodableRecord} */
export function decodeLease(bytes: Uint8Array): Lease {
  const [version, epoch, owner, checkpoint] = readArray(decodeRecord(bytes, "lease"), "lease");
  if (version !== leaseVersion) refuse("lease", `version ${String(version)} is not known`);
  return {
    epoch: epochOf(readCount(epoch, "lease's epoch")),
    ...(owner === null ? undefined : { owner: readIncarnation(owner) }),
    ...(checkpoint === null ? undefined : { checkpoint: readCheckpoint(checkpoint) }),
  };
}

function readCheckpoint(value: unknown): Checkpoint {
  const [floor, journals, suspectThrough, limits, log] = readArray(value, "checkpoint");
  return {
    floor: readCount(floor, "checkpoint's floor"),
    journals: readArray(journals, "checkpoint's journals").map((mark) => {
      const [writer, position] = readArray(mark, "journal's mark");
      return {
        writer: readIncarnation(writer),
        position: readCount(position, "journal's position"),
      };
    }),
    ...(suspectThrough === undefined || suspectThrough === null
      ? undefined
      : { suspectThrough: readCount(suspectThrough, "checkpoint's suspects") }),
    ...(limits === undefined || limits === null
      ? undefined
      : { limits: readBytes(limits, "checkpoint's limits") }),
    ...(log === undefined || log === null ? undefined : { log: readWord(log, "checkpoint's log") }),
  };
}

/** The life is what stands behind the last slash: a name may have some of its own. */
export function readIncarnation(value: unknown): Incarnation {
  const text = readWord(value, "incarnation");
  const at = text.lastIndexOf("/");
  if (at < 1 || at === text.length - 1) refuse("incarnation", "it is no name and life");
  return incarnationOf(text.slice(0, at), text.slice(at + 1));
}
