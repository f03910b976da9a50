/** Short ways to the branded values that tests write down as literals. */
import type { Destination, QueueId, Shard, Uid } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import type { Incarnation } from "#lib/stream/journal";

export const uid = (text: string) => text as Uid;
export const queueId = (text: string) => text as QueueId;
export const destination = (text: string) => text as Destination;
export const path = (text: string) => text as PathText;
export const shard = (n: number) => n as Shard;
export const incarnation = (text: string) => text as Incarnation;

export const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
export const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
