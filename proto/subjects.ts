/**
 * Names of what stands in NATS: streams, subjects, buckets (ADR 0009). Pure, so that every process
 * and every version says the same.
 */
import { allShards } from "#lib/queue/shard";
import type { Destination, Lane, QueueId, Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { EventKind } from "./event-record.ts";

export interface ClusterNames {
  readonly shardStream: (shard: Shard) => string;
  /** The number in a shard stream's name; undefined for any other stream. */
  readonly shardOfStream: (stream: string) => number | undefined;
  readonly splitStream: string;
  readonly bodyStream: string;
  readonly journalStream: string;
  /** For senders' systems (ADR 0018). */
  readonly eventsStream: string;
  /** The consumer that all workers share. */
  readonly splitConsumer: string;
  readonly unitSubject: (shard: Shard, lane: Lane, destination: Destination) => string;
  /** Every unit of a lane. */
  readonly laneFilter: (shard: Shard, lane: Lane) => string;
  readonly splitSubject: string;
  /** How far a message is fanned out, in the bucket `once`. */
  readonly splitProgressKey: (id: string) => string;
  readonly bodyFilter: string;
  readonly chunkSubject: (id: QueueId, n: number) => string;
  /** A unit that does not need the content any more. */
  readonly doneSubject: (id: QueueId, unit: number) => string;
  readonly doneFilter: (id: QueueId) => string;
  /** Chunks and marks of a message. */
  readonly bodyOfMessage: (id: QueueId) => string;
  readonly journalFilter: string;
  /** Of those who read it: not outcomes, but marks of how far they have come. */
  readonly journalMarks: string;
  readonly journalSubject: (writer: Incarnation) => string;
  readonly eventsFilter: string;
  readonly eventSubject: (kind: EventKind) => string;
  /** All questions to workers. */
  readonly controlFilter: string;
  readonly shardControlSubject: (shard: Shard) => string;
  readonly workerControlSubject: string;
  /** A worker listens there for as long as it serves, to knocks and to what is asked of it alone. */
  readonly presenceSubject: (worker: Incarnation) => string;
  readonly buckets: ClusterBuckets;
  /** A worker's key in its bucket. */
  readonly memberKey: (member: Incarnation) => string;
  /** Whose lease stands under this subject. */
  readonly shardOfKey: (subject: string) => Shard | undefined;
}

export interface ClusterBuckets {
  readonly workers: string;
  readonly shards: string;
  /** Ids of repeatable messages, and how far a message is fanned out that waits; for a day. */
  readonly once: string;
  /** What owners told last about their shards. */
  readonly stats: string;
  /** Requests that must not be taken twice, and their answers; for a day. */
  readonly keys: string;
}

/** `namespace` sets a cluster apart from others on the same servers; "" is the usual one. */
export function clusterNames(namespace = ""): ClusterNames {
  const root = namespace === "" ? "mta" : `mta-${namespace}`;
  const stream = namespace === "" ? "" : `${namespace}-`;
  const bucket = root.replaceAll("-", "_");
  const shardForm = new RegExp(`^${stream}Q(\\d{3})$`);
  return {
    shardStream: (shard) => `${stream}Q${threeDigits(shard)}`,
    shardOfStream: (name) => numberIn(shardForm.exec(name)?.[1]),
    splitStream: `${stream}SPLIT`,
    bodyStream: `${stream}BODY`,
    journalStream: `${stream}JOURNAL`,
    eventsStream: `${stream}EVENTS`,
    splitConsumer: "split",
    unitSubject: (shard, lane, destination) =>
      `${root}.q.${threeDigits(shard)}.${lane}.${reversedLabels(destination)}`,
    laneFilter: (shard, lane) => `${root}.q.${threeDigits(shard)}.${lane}.>`,
    splitSubject: `${root}.split`,
    splitProgressKey: (id) => `split.${token(id)}`,
    bodyFilter: `${root}.body.>`,
    chunkSubject: (id, n) => `${root}.body.${id}.${n}`,
    doneSubject: (id, unit) => `${root}.body.${id}.done.${unit}`,
    doneFilter: (id) => `${root}.body.${id}.done.*`,
    bodyOfMessage: (id) => `${root}.body.${id}.>`,
    journalFilter: `${root}.j.>`,
    memberKey: (member) => member.split("/").map(token).join("."),
    shardOfKey: (subject) => {
      const prefix = keySubject(`${bucket}_shards`, "");
      return subject.startsWith(prefix) ? shardIn(subject.slice(prefix.length)) : undefined;
    },
    journalMarks: `${root}.j.marks.*`,
    journalSubject: (writer) => `${root}.j.${writer.split("/").map(token).join(".")}`,
    eventsFilter: `${root}.e.>`,
    eventSubject: (kind) => `${root}.e.${kind}`,
    controlFilter: `${root}.ctl.>`,
    shardControlSubject: (shard) => `${root}.ctl.shard.${shard}`,
    workerControlSubject: `${root}.ctl.worker`,
    presenceSubject: (worker) => `${root}.ctl.worker.${worker.split("/").map(token).join(".")}`,
    buckets: {
      workers: `${bucket}_workers`,
      shards: `${bucket}_shards`,
      once: `${bucket}_once`,
      stats: `${bucket}_stats`,
      keys: `${bucket}_keys`,
    },
  };
}

/** Under which a user hears answers; its own, so that no other may hear them. */
export function inboxPrefix(user: string | undefined): string {
  return user === undefined ? "_INBOX" : `_INBOX.${token(user)}`;
}

/** The stream in which a bucket's keys stand. */
export function bucketStream(bucket: string): string {
  return `KV_${bucket}`;
}

export function keySubject(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}

function shardIn(text: string): Shard | undefined {
  const n = Number(text);
  return /^\d{1,3}$/.test(text) ? allShards(n + 1).at(n) : undefined;
}

function threeDigits(n: number): string {
  return String(n).padStart(3, "0");
}

function numberIn(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}

/** So that a wildcard at the end takes in a domain with all below it. */
function reversedLabels(destination: Destination): string {
  // An address literal has an order of its own, and may hold whatever a client wrote.
  if (destination.startsWith("[")) return token(destination);
  return destination.split(".").reverse().map(token).join(".");
}

const plainToken = /^[\w:-]+$/;

/** One token of a subject: what has a meaning there is written as `%` and its code. */
function token(text: string): string {
  if (plainToken.test(text)) return text;
  if (text === "") return "%";
  return text.replace(/[^\w:-]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
