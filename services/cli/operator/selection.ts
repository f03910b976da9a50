/** What a command is about, as a person writes it: a destination, or a message by its id. */
import type { Destination, QueueId, Uid } from "#lib/queue/unit";
import { parseDestination, parseMessageId } from "#proto/admin";
import { CommandFailed } from "../io.ts";

export type Selected =
  | { readonly destination: Destination; readonly id?: undefined }
  | { readonly id: QueueId | Uid; readonly destination?: undefined };

const idHint = "the 250 reply, Received and the log have it: 01JDF8Z5T0ABCDEFGHJKMNPQRS";

/** An id looks like a domain of one label, so it is tried first. @throws {CommandFailed} */
export function selectedBy(text: string): Selected {
  const id = parseMessageId(text);
  if (id !== undefined) return { id };
  const destination = parseDestination(text);
  if (destination !== undefined) return { destination };
  throw new CommandFailed(
    `"${text}" is neither a destination (example.com) nor a message's queue id (${idHint})`,
    2,
  );
}

/** @throws {CommandFailed} */
export function messageBy(text: string): QueueId | Uid {
  const id = parseMessageId(text);
  if (id !== undefined) return id;
  throw new CommandFailed(`"${text}" is no queue id (${idHint})`, 2);
}

/** @throws {CommandFailed} */
export function destinationBy(text: string): Destination {
  const destination = parseDestination(text.slice(text.lastIndexOf("@") + 1));
  if (destination !== undefined) return destination;
  throw new CommandFailed(`"${text}" is no destination: a domain such as example.com`, 2);
}

/** @throws {CommandFailed} */
export function limitBy(text: string, max: number): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= max) return limit;
  throw new CommandFailed(`--limit: "${text}" is no number from 1 to ${max}`, 2);
}
