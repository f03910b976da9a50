/**
 * What an enhanced status means, without the words beside it: the registry of RFC 5248, begun by RFC
 * 3463 and continued since.
 */
import type { BounceClass } from "./bounce-class.ts";

export interface StatusMeaning {
  readonly class: BounceClass;
  /**
   * False: the status says no more than its subject, or is what hosts say for all sorts of reasons.
   * Then the words of the reply know better.
   */
  readonly isPrecise: boolean;
}

const precise = (it: BounceClass): StatusMeaning => ({ class: it, isPrecise: true });
const vague = (it: BounceClass): StatusMeaning => ({ class: it, isPrecise: false });

/** By subject and detail. X.0.0 and X.3.0 say nothing at all. */
const meanings: ReadonlyMap<string, StatusMeaning> = new Map([
  // Addressing.
  ["1.0", vague("bad-mailbox")],
  ["1.1", precise("bad-mailbox")],
  ["1.2", precise("bad-domain")],
  ["1.3", precise("bad-mailbox")],
  ["1.4", vague("bad-mailbox")],
  ["1.6", precise("inactive-mailbox")],
  // Of the sender's address.
  ["1.7", vague("policy")],
  ["1.8", vague("policy")],
  ["1.9", precise("protocol")],
  // RFC 7505: the domain takes no mail.
  ["1.10", precise("bad-domain")],
  // Mailbox.
  ["2.0", vague("bad-mailbox")],
  ["2.1", precise("inactive-mailbox")],
  ["2.2", precise("quota")],
  ["2.3", precise("policy")],
  ["2.4", vague("routing")],
  // Mail system.
  ["3.1", precise("quota")],
  ["3.2", precise("connection")],
  ["3.3", precise("protocol")],
  ["3.4", precise("policy")],
  ["3.5", precise("routing")],
  ["3.6", precise("policy")],
  // Network and routing.
  ["4.0", vague("routing")],
  ["4.1", vague("connection")],
  ["4.2", precise("connection")],
  ["4.3", precise("routing")],
  ["4.4", precise("routing")],
  ["4.5", vague("connection")],
  ["4.6", precise("routing")],
  ["4.7", precise("expired")],
  // Protocol. Many hosts say 5.5.0 and 5.5.1 of mailboxes.
  ["5.0", vague("protocol")],
  ["5.1", vague("protocol")],
  ["5.2", precise("protocol")],
  ["5.3", precise("policy")],
  ["5.4", vague("protocol")],
  ["5.5", precise("protocol")],
  ["5.6", precise("protocol")],
  // Content.
  ["6.0", vague("protocol")],
  ["6.1", precise("policy")],
  ["6.2", precise("protocol")],
  ["6.3", precise("protocol")],
  ["6.4", precise("protocol")],
  ["6.5", precise("protocol")],
  ["6.6", precise("protocol")],
  // RFC 6531.
  ["6.7", precise("protocol")],
  ["6.8", precise("protocol")],
  ["6.9", precise("protocol")],
  ["6.10", precise("protocol")],
  // Security and policy. Most hosts that know one status for a refusal know 5.7.1.
  ["7.0", vague("policy")],
  ["7.1", vague("policy")],
  ["7.2", precise("policy")],
  ["7.3", precise("policy")],
  ["7.4", precise("policy")],
  ["7.5", precise("policy")],
  ["7.6", precise("policy")],
  ["7.7", precise("policy")],
  ["7.8", vague("policy")],
  ["7.9", vague("policy")],
  ["7.10", precise("policy")],
  ["7.11", precise("policy")],
  ["7.12", precise("policy")],
  ["7.13", vague("policy")],
  ["7.14", precise("policy")],
  ["7.15", precise("policy")],
  ["7.16", precise("policy")],
  // RFC 7293: the mailbox, or the domain, is somebody else's now.
  ["7.17", precise("inactive-mailbox")],
  ["7.18", precise("bad-domain")],
  ["7.19", precise("policy")],
  // RFC 7372: signatures, SPF, the sender's name.
  ["7.20", precise("policy")],
  ["7.21", precise("policy")],
  ["7.22", precise("policy")],
  ["7.23", precise("policy")],
  ["7.24", precise("policy")],
  ["7.25", precise("policy")],
  ["7.26", precise("policy")],
  ["7.27", precise("policy")],
  ["7.28", precise("spam-block")],
  ["7.29", precise("policy")],
  ["7.30", precise("policy")],
]);

/** Undefined when the registry has no such status, or it says nothing. */
export function meaningOf(status: string): StatusMeaning | undefined {
  const [, detail] = /^[45]\.(\d{1,3}\.\d{1,3})$/.exec(status) ?? [];
  return detail === undefined ? undefined : meanings.get(detail);
}

/** RFC 5321 §4.2.3, for hosts that say no status: those codes that mean one thing in practice. */
const meaningsOfCodes: ReadonlyMap<number, BounceClass> = new Map([
  [500, "protocol"],
  [501, "protocol"],
  [502, "protocol"],
  [503, "protocol"],
  [504, "protocol"],
  // RFC 7504: the host, or the domain, takes no mail.
  [521, "bad-domain"],
  [523, "policy"],
  [530, "policy"],
  [535, "policy"],
  [551, "relay"],
  [552, "quota"],
  [553, "bad-mailbox"],
  [555, "protocol"],
  [556, "bad-domain"],
]);

export function meaningOfCode(code: number): BounceClass | undefined {
  return meaningsOfCodes.get(code);
}
