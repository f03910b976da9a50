/** Why mail did not arrive, in the words of the field. */
export const bounceClasses = [
  /** There is no such mailbox. */
  "bad-mailbox",
  /** There is no such domain, or it takes no mail. */
  "bad-domain",
  /** The mailbox was there, and is closed. */
  "inactive-mailbox",
  "quota",
  /** Refused for how it was sent, signed, sized or addressed; not for what we are held to be. */
  "policy",
  /** Refused for who sends: a blocklist, a reputation. */
  "spam-block",
  /** Refused for what the message says. */
  "spam-content",
  "virus",
  /** The host does not pass on mail for us. */
  "relay",
  "routing",
  "protocol",
  "connection",
  /** Given up at the end of its lifetime. */
  "expired",
  /** Not tried: the recipient is on a suppression list. */
  "suppressed",
  "unknown",
] as const;

export type BounceClass = (typeof bounceClasses)[number];

const known: ReadonlySet<string> = new Set(bounceClasses);

export function isBounceClass(word: string): word is BounceClass {
  return known.has(word);
}
