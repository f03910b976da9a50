/** Seam: one answer for all repeats of a request, whichever edge they come to (ADR 0025). */
import { assert } from "#lib/assert";

export interface IdempotencyKeys {
  /**
   * What messages under a key must say as `isRepeatable`: whether this intake knows the id of a
   * message for long enough only if it is told so.
   */
  readonly messagesAreRepeatable: boolean;
  /**
   * Claims the key, durably, before anything of the request is published.
   *
   * @param fingerprint SHA-256 of the request.
   * @param uid under which the request's mail is to be published; no other request has it.
   * @throws {IdempotencyUnavailable} nothing may be published: 503.
   */
  begin(tenant: string, key: string, fingerprint: Uint8Array, uid: string): Promise<Beginning>;
  /**
   * From here on a repeat is given this answer, at most `answerBytesMax` octets. Idempotent: the first
   * answer stands.
   *
   * @throws {IdempotencyUnavailable} the mail is there all the same; a repeat resumes.
   */
  finish(tenant: string, key: string, answer: Uint8Array): Promise<void>;
  /**
   * Gives up for now (the queue is full, or a publish in doubt): the next repeat resumes at once
   * instead of hearing `running`.
   *
   * @param partial what is known already, for who resumes, as large as an answer at most: a message
   * that was accepted must not be published again when the intake has forgotten its id. Empty: nothing.
   * @throws {IdempotencyUnavailable} then it resumes when the claim is old, as after a crash.
   */
  release(tenant: string, key: string, partial: Uint8Array): Promise<void>;
}

export type Beginning =
  | { readonly kind: "new"; readonly uid: string }
  | Resumed
  | { readonly kind: "finished"; readonly answer: Uint8Array }
  /** Somebody is at it now: 409. */
  | { readonly kind: "running" }
  /** The key stands for another request: 422. */
  | { readonly kind: "mismatch" };

/**
 * An earlier try did not finish. What `partial` does not tell of is published again under the same
 * `uid`, and is one message, unless `isInDoubt`: then the intake may have forgotten the id, and what
 * comes of it is to be counted.
 */
export interface Resumed {
  readonly kind: "resumed";
  readonly uid: string;
  /** As it was released last; empty behind a crash of the first try. */
  readonly partial: Uint8Array;
  readonly isInDoubt: boolean;
}

/** Results of thousands of recipients, compressed; with its record it fits into a message of NATS. */
export const answerBytesMax = 512 * 1024;

export function mustFit(answer: Uint8Array): void {
  assert(answer.length <= answerBytesMax, "whoever answers a request bounds its recipients");
}

/** Out of reach, or no room for more keys. */
export class IdempotencyUnavailable extends Error {
  override readonly name = "IdempotencyUnavailable";
}
