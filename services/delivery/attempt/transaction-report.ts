/** What a session tells of a transaction when it is over. */
import type { RecipientResult } from "#lib/smtp/client/step";

/**
 * What became of a transaction that went out behind another (ADR 0021). Its turn came: `begun`. Until
 * then nothing of it counts: the other one's reply never came (`lost`), was 421, or this one was given
 * up meanwhile (`unbegun`).
 */
export type Following = "begun" | "lost" | "unbegun";

export interface TransactionReport {
  /** By index of the transaction's recipients. */
  readonly results: readonly RecipientResult[];
  readonly isReusable: boolean;
  readonly dsnOffered: boolean;
  /** Absent: it did not go behind another. */
  readonly following?: Following;
}

/** Of what follows a transaction with these results. */
export function followingOf(results: readonly RecipientResult[], isReusable: boolean): Following {
  if (isReusable) return "begun";
  return results.some(({ isInDoubt }) => isInDoubt) ? "lost" : "unbegun";
}
