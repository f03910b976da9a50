/** Whom nothing is sent to: a mailbox or a whole domain, for one tenant or for all (ADR 0016). */
import type { Time, Uid } from "#lib/queue/unit";
import { parseDomain } from "#lib/smtp/domain";
import { type PathText, parseMailbox } from "#lib/smtp/path";

/**
 * What entries are compared by: `joe@example.com` for a mailbox, `@example.com` for its domain.
 * In lower case, the local part, too; only the functions here make one.
 */
export type SuppressionKey = string & { readonly __brand: "SuppressionKey" };

export interface SuppressionId {
  readonly key: SuppressionKey;
  /** Absent: for everybody's mail. */
  readonly tenant?: string;
}

export interface SuppressionTerm extends SuppressionId {
  /** Absent: until it is lifted. */
  readonly expiresAt?: Time;
}

export interface Suppression extends SuppressionTerm {
  /** A class of bounce, or `by-hand`. */
  readonly reason: string;
  /** An operator's words, or the remote's. */
  readonly note?: string;
  /** The unit whose bounce it was. */
  readonly uid?: Uid;
  readonly at: Time;
}

export const byHand = "by-hand";

/** Longest note that is kept; a reply may be far longer. */
export const noteLengthMax = 500;

/**
 * Of `joe@example.com`, or of `@example.com` or `example.com` for a domain; undefined when the text
 * is neither.
 */
export function parseSuppressionKey(text: string): SuppressionKey | undefined {
  const at = text.lastIndexOf("@");
  if (at > 0) {
    const mailbox = parseMailbox(text);
    return mailbox === undefined ? undefined : mailboxKey(mailbox.text);
  }
  const domain = parseDomain(at === 0 ? text.slice(1) : text);
  return domain === undefined ? undefined : (`@${domain}` as SuppressionKey);
}

/**
 * Deviates: RFC 5321 §2.4 leaves the case of a local part to its host. No host of any size tells
 * mailboxes apart by it, and whoever imports a list has lost it mostly.
 */
export function mailboxKey(path: PathText): SuppressionKey {
  return path.normalize("NFC").toLowerCase() as SuppressionKey;
}

/** Of a mailbox its domain's, of a domain itself. */
function domainKey(key: SuppressionKey): SuppressionKey {
  return key.slice(key.lastIndexOf("@")) as SuppressionKey;
}

/** Everything that would keep mail of this tenant, or of none, from this mailbox or domain. */
export function suppressingIds({ key, tenant }: SuppressionId): readonly SuppressionId[] {
  const domain = domainKey(key);
  const keys = domain === key ? [key] : [key, domain];
  const everybody = keys.map((one) => ({ key: one }));
  if (tenant === undefined) return everybody;
  return [...keys.map((one) => ({ key: one, tenant })), ...everybody];
}

/** The same for a recipient. */
export function idsOf(path: PathText, tenant: string | undefined): readonly SuppressionId[] {
  return suppressingIds({ key: mailboxKey(path), ...(tenant === undefined ? {} : { tenant }) });
}

export function isInForce({ expiresAt }: Pick<SuppressionTerm, "expiresAt">, now: Time): boolean {
  return expiresAt === undefined || expiresAt > now;
}
