/** From a bounce to an entry of the suppression list: which bounces make one, for whom, and how long. */
import type { Recipient, Time, Uid } from "#lib/queue/unit";
import { mailboxKey, noteLengthMax, type Suppression } from "#lib/suppression/suppression";

export interface SuppressionRule {
  /** Classes of bounce (`lib/bounces/bounce-class`) after which nothing more is sent; none: never. */
  readonly classes: readonly string[];
  /** How long: a mailbox that was not there may be there again. */
  readonly forMs: number;
  /** `tenant`: only mail of the same tenant is kept back. Mail without one binds all. */
  readonly scope: "tenant" | "global";
}

/** What is needed of a bounce record. */
export interface Bounced {
  readonly uid: Uid;
  readonly at: Time;
  readonly kind: string;
  readonly recipient: Recipient;
  readonly tenant?: string;
  readonly class: string;
  /** The remote's words. */
  readonly text: string;
}

export function suppressionsAfter(
  bounces: readonly Bounced[],
  { classes, forMs, scope }: SuppressionRule,
): readonly Suppression[] {
  // Given up, or kept back already: then nobody said that the mailbox is bad.
  const refused = bounces.filter((it) => it.kind === "failed" && classes.includes(it.class));
  return refused.map(({ recipient, tenant, class: reason, text, uid, at }) => ({
    key: mailboxKey(recipient.path),
    reason,
    ...(text === "" ? {} : { note: text.slice(0, noteLengthMax) }),
    uid,
    at,
    expiresAt: at + forMs,
    ...(scope === "tenant" && tenant !== undefined ? { tenant } : {}),
  }));
}
