/**
 * A key of a bucket that is written by compare-and-set. An answer that was lost is resolved by
 * reading: what was to be written stands there, or something else does, or nothing new.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import type { Time } from "#lib/queue/unit";
import {
  expectedSubjectSequenceHeader,
  type Publisher,
  publishHeaders,
} from "../publishing/publisher.ts";
import { operationHeader } from "./bucket-watch.ts";

export interface KeyCellPorts {
  readonly publisher: Pick<Publisher, "publish">;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
  /** Codes with which a server refuses for good, as far as the caller is concerned. */
  readonly finalCodes?: ReadonlySet<number>;
}

export interface Key {
  readonly stream: string;
  readonly subject: string;
}

export interface Standing {
  readonly revision: number;
  readonly value: Uint8Array;
}

export interface Read extends Standing {
  /** By the clock of the server that led then. */
  readonly writtenAt: Time;
}

export type Written =
  | { readonly kind: "stored"; readonly revision: number }
  /** Something else stands there. */
  | { readonly kind: "another"; readonly standing: Read | undefined };

/** Before the caller is told that it is unknown; an election takes 4 to 9 s. */
const patienceMs = 10_000;
const retryMs = 200;
/** 10071, 10164: another value stands where this one was to stand. */
export const wrongLastCodes: ReadonlySet<number> = new Set([10_071, 10_164]);

/** From the stream's leader: a replica may not have it yet. */
export async function readKey(
  { manager }: Pick<KeyCellPorts, "manager">,
  { stream, subject }: Key,
): Promise<Read | undefined> {
  const stored = await manager.streams.getMessage(stream, { last_by_subj: subject });
  if (stored === null || stored.header.has(operationHeader)) return undefined;
  return { revision: stored.seq, value: stored.data, writtenAt: stored.time.getTime() };
}

/**
 * Where `revision` stands, or nothing did (0). Rejects when it is not known what became of it, or it
 * was refused for good.
 */
export async function writeKey(
  ports: KeyCellPorts,
  key: Key,
  { revision, value }: Standing,
): Promise<Written> {
  const { publisher, clock, finalCodes } = ports;
  const deadline = clock.monotonic() + patienceMs;
  const headers = publishHeaders({ [expectedSubjectSequenceHeader]: String(revision) });
  let reason = "";
  do {
    const answer = await publisher.publish({ subject: key.subject, data: value, headers });
    if (answer.kind === "stored") return { kind: "stored", revision: answer.sequence };
    reason = answer.reason;
    if (answer.kind === "refused" && wrongLastCodes.has(answer.code)) {
      const standing = await readKey(ports, key);
      const isOurs = standing !== undefined && standing.revision > revision;
      if (isOurs && Buffer.compare(standing.value, value) === 0) {
        return { kind: "stored", revision: standing.revision };
      }
      return { kind: "another", standing };
    }
    if (answer.kind === "refused" && finalCodes?.has(answer.code)) break;
    // Not answered: the next try finds it out, since it would stand where that wants to stand.
    await clock.sleep(retryMs);
  } while (clock.monotonic() < deadline);
  throw new Error(`Cannot write "${key.subject}": ${reason}`);
}
