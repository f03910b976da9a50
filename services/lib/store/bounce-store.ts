/** Seam, part of Store: bounces that were recorded, found by whom and what they concern, and counted. */
import type { Bounce } from "#lib/bounces/bounce";
import type { BounceCount, BounceCountQuery } from "#lib/bounces/bounce-count";
import type { BouncePage, BounceQuery } from "#lib/bounces/bounce-query";
import type { UnknownBounces, UnknownQuery } from "#lib/bounces/unknown-bounces";

/** Kept for `bounces.keep` of the configuration. Every method may fail with `StoreUnavailable`. */
export interface BounceStore {
  /** May be repeated, also by another process: the first record of a uid, recipient and kind stays. */
  recordBounces(bounces: readonly Bounce[]): Promise<void>;
  /** Oldest first. Rejects with `RangeError` when `after` is no cursor. */
  bounces(query: BounceQuery): Promise<BouncePage>;
  /**
   * Without looking at the bounces themselves. By day and class; days without any are left out. A
   * repeat adds nothing; a writer that died may have taken the last of its counts with it (ADR
   * 0019).
   */
  countBounces(query: BounceCountQuery): Promise<readonly BounceCount[]>;
  /** Texts of class `unknown`, the most frequent first. */
  unknownBounces(query: UnknownQuery): Promise<readonly UnknownBounces[]>;
}
