/** Messages, units and events for the conformance suites. */
import type { UnitEvent } from "#lib/queue/event";
import { shardOf } from "#lib/queue/shard";
import type { Destination, Message, QueueId, Unit } from "#lib/queue/unit";
import { uidOf } from "#lib/queue/unit";
import type { DeferredUnit, Place } from "#lib/store/store";
import type { LogEntry, LogReader, Pulled, Stream } from "#lib/stream/stream";
import { destination, path, queueId } from "../support/records.ts";

export const epoch = 1_795_000_000_000;
/** Every inhabitant under test is opened with so many shards. */
export const shards = 4;

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let made = 0;

function base32(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) {
    text = alphabet[rest % 32] + text;
  }
  return text;
}

/** A ULID of its own for each call, rising. */
export function newQueueId(at = epoch): QueueId {
  made += 1;
  return queueId(base32(at, 10) + base32(made, 16));
}

/** A destination in the shard. */
export function destinationIn(shard: number, n = 0): Destination {
  for (let i = 0, left = n; ; i++) {
    const name = destination(`d${i}.example`);
    if (shardOf(name, shards) === shard && left-- === 0) return name;
  }
}

export function newUnit(unit: Partial<Unit> = {}): Unit {
  const to = unit.destination ?? destinationIn(0);
  return {
    uid: uidOf(newQueueId(), 0),
    destination: to,
    envelope: { reversePath: path("a@source.example"), body: "7bit", smtpUtf8: false },
    recipients: [{ path: path(`b@${to}`) }],
    lane: "n",
    acceptedAt: epoch,
    expiresAt: epoch + 432_000_000,
    sizeBytes: 1_000,
    isNotification: false,
    ...unit,
  };
}

export interface MessageOptions {
  readonly id?: QueueId;
  readonly to?: readonly Destination[];
  readonly content?: Uint8Array;
  readonly isRepeatable?: boolean;
}

export function newMessage(options: MessageOptions = {}): Message {
  const { id = newQueueId(), to = [destinationIn(0)], isRepeatable = false } = options;
  const content = options.content ?? Buffer.from(`Subject: ${id}\r\n\r\nHello\r\n`);
  const units = to.map((name, n) =>
    newUnit({ uid: uidOf(id, n), destination: name, sizeBytes: content.length }),
  );
  return { id, units, content: new Uint8Array(content), isRepeatable };
}

export function eventOf(unit: Unit, event: Partial<UnitEvent> = {}): UnitEvent {
  return {
    at: epoch,
    shard: shardOf(unit.destination, shards),
    sequence: 0,
    uid: unit.uid,
    destination: unit.destination,
    disposition: "delivered",
    recipients: unit.recipients.map((r) => ({
      path: r.path,
      outcome: "delivered",
      code: 250,
      status: "2.0.0",
      text: "queued",
    })),
    attempt: 1,
    ...event,
  };
}

export function deferredOf(unit: Unit, place: Place, generation = 1): DeferredUnit {
  return { unit, attempts: 1, generation, place, isDelayNotified: false, last: {} };
}

export const wide = { countMax: 1_000, bytesMax: 100_000_000 };

/** Pulls until `count` entries are there. Waits for them as long as the test runs. */
export async function pullAll(reader: LogReader, count: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  while (entries.length < count) {
    entries.push(...(await pull(reader)).entries);
  }
  return entries;
}

export function pull(reader: LogReader, limit = wide): Promise<Pulled> {
  return reader.pull(limit, new AbortController().signal);
}

/** Content of an entry, wherever it travels. */
export async function contentOf(stream: Stream, entry: LogEntry): Promise<Buffer> {
  const id = entry.uid.slice(0, 26);
  const content = entry.content ?? (await stream.content(queueId(id)));
  return Buffer.from(content ?? "no content");
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** As plain text, to be compared with what a test spells out. */
export function uidsOf(items: readonly { readonly uid: string }[]): string[] {
  return items.map((item) => item.uid);
}
