/** Values that an operator names or is told, as JSON has them. */
import { z } from "zod";
import type { Destination, QueueId, Shard, Uid } from "#lib/queue/unit";
import type { Status } from "#lib/smtp/status";
import { readDestination, readShard, readStatus, readUid, UndecodableRecord } from "../record.ts";

export const destination = z.custom<Destination>(isReadBy(readDestination));
export const shard = z.custom<Shard>(isReadBy(readShard));
export const status = z.custom<Status>(isReadBy(readStatus));
export const uid = z.custom<Uid>(isReadBy(readUid));
/** All units of a message. */
export const queueId = z.custom<QueueId>(
  (v) => typeof v === "string" && isReadBy(readUid)(`${v}.0`),
);
export const count = z.number().int().nonnegative();
/** Milliseconds since the epoch. */
export const time = count;

function isReadBy(reader: (value: unknown, what: string) => unknown): (value: unknown) => boolean {
  return (value) => {
    try {
      reader(value, "value");
      return true;
    } catch (error) {
      if (error instanceof UndecodableRecord) return false;
      throw error;
    }
  };
}
