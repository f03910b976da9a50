/** What stands under a key, and what becomes of it when its request comes. Pure. */
import type { Time } from "#lib/queue/unit";
import type { Beginning } from "./idempotency.ts";

export type Claim = Begun | Finished;

export interface Begun {
  readonly kind: "begun";
  readonly fingerprint: Uint8Array;
  /** The first claimant's: everything of the request is published under it. */
  readonly uid: string;
  /** As whoever released it last knew; empty: nothing. */
  readonly partial: Uint8Array;
  readonly beganAt: Time;
  /** Begun, taken over or released. */
  readonly writtenAt: Time;
  /** Nobody is at it. */
  readonly isReleased: boolean;
}

export interface Finished {
  readonly kind: "finished";
  readonly fingerprint: Uint8Array;
  readonly answer: Uint8Array;
  readonly writtenAt: Time;
}

export interface Claimant {
  readonly fingerprint: Uint8Array;
  /** For a new request. */
  readonly uid: string;
}

export interface Judged {
  readonly beginning: Beginning;
  /** To be written where the claim stood: the beginning is true only if that succeeds. */
  readonly next?: Begun;
}

const minuteMs = 60_000;
/** Behind its last write. */
export const keyKeptMs = 24 * 60 * minuteMs;
/**
 * A younger claim has its holder at work: 10 s until it heard of the claim, 30 s for large content and
 * 30 s for the message until a publish is given up, 20 s for clocks and pauses.
 */
export const runningMs = 90_000;

const nothing = new Uint8Array();

/** `knownMs`: for how long the intake surely knows an id. */
export function judge(
  standing: Claim | undefined,
  { fingerprint, uid }: Claimant,
  { now, knownMs }: { readonly now: Time; readonly knownMs: number },
): Judged {
  if (standing === undefined || distance(now, standing.writtenAt) >= keyKeptMs) {
    const beginning = { kind: "new", uid } as const;
    const made = { partial: nothing, beganAt: now, writtenAt: now, isReleased: false };
    return { beginning, next: { kind: "begun", fingerprint, uid, ...made } };
  }
  if (Buffer.compare(standing.fingerprint, fingerprint) !== 0) {
    return { beginning: { kind: "mismatch" } };
  }
  if (standing.kind === "finished") {
    return { beginning: { kind: "finished", answer: standing.answer } };
  }
  if (!standing.isReleased && distance(now, standing.writtenAt) < runningMs) {
    return { beginning: { kind: "running" } };
  }
  // What is published now may take as long as a claim is young.
  const isInDoubt = distance(now, standing.beganAt) > knownMs - runningMs;
  const next = { ...standing, writtenAt: now, isReleased: false };
  const { uid: first, partial } = standing;
  return { beginning: { kind: "resumed", uid: first, partial, isInDoubt }, next };
}

/** A clock that was put back must neither keep a claim young nor a key for as long as the step. */
function distance(now: Time, then: Time): number {
  return Math.abs(now - then);
}
