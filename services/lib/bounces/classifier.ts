/**
 * Tells the class of a refusal. What is asked, in this order, until something answers:
 *
 * 1. Rules of the provider whose host answered. It knows what it means, whatever its status says:
 *    Microsoft's `5.4.1 Recipient address rejected` is a mailbox that is not there.
 * 2. Rules for all that overrule a status: a blocklist's name means a blocklist, though the host says
 *    5.1.1. To take such a reply for a bad mailbox would suppress a good one.
 * 3. A status that is precise (RFC 5248): 5.1.1, 5.2.2.
 * 4. The other rules for all. They see what has a vague status (5.0.0, 5.7.1) or none that is known.
 * 5. The vague status, then the reply code.
 * 6. A code that is none (25, 999) is a fault of protocol; everything else is unknown.
 *
 * Within 1, 2 and 4 the first rule of the file counts.
 */
import type { BounceClass } from "./bounce-class.ts";
import { isReplyCode, replyLine } from "./reply-text.ts";
import type { BounceRule, BounceRules } from "./rules.ts";
import { meaningOf, meaningOfCode } from "./status-class.ts";

export interface Refusal {
  readonly code?: number;
  readonly status: string;
  /** The reply's text, or our reason; of any length, and with any characters. */
  readonly text: string;
  /** Known to the caller; else it is found by `remote`. */
  readonly provider?: string;
  /** Host that answered: `mx1.example.net` or `mx1.example.net[192.0.2.1]`. */
  readonly remote?: string;
}

export interface Classification {
  readonly class: BounceClass;
  /** What told it: a rule's name, `status 5.1.1`, `code 552`, or `none`. */
  readonly rule: string;
}

export type Classify = (refusal: Refusal) => Classification;

export function classifier({ providers, rules }: BounceRules): Classify {
  const byProvider = Map.groupBy(rules, ({ provider }) => provider);
  const forAll = byProvider.get(undefined) ?? [];
  const overruling = forAll.filter(({ overrules }) => overrules);
  const others = forAll.filter(({ overrules }) => !overrules);
  const providerOf = new Map(providers.flatMap(({ name, hosts }) => hosts.map((it) => [it, name])));

  return (refusal) => {
    const { status, code, remote } = refusal;
    const line = replyLine(refusal);
    const provider = refusal.provider ?? providerAt(providerOf, remote);
    const own = provider === undefined ? [] : (byProvider.get(provider) ?? []);
    const meaning = meaningOf(status);
    const told = { class: meaning?.class ?? "unknown", rule: `status ${status}` } as const;
    const first = firstOf(own, line) ?? firstOf(overruling, line);
    if (first !== undefined) return first;
    if (meaning?.isPrecise === true) return told;
    return firstOf(others, line) ?? (meaning === undefined ? byCode(code) : told);
  };
}

function firstOf(rules: readonly BounceRule[], line: string): Classification | undefined {
  const rule = rules.find(({ pattern }) => pattern.test(line));
  return rule === undefined ? undefined : { class: rule.class, rule: rule.name };
}

function byCode(code: number | undefined): Classification {
  if (code === undefined) return { class: "unknown", rule: "none" };
  if (!isReplyCode(code)) return { class: "protocol", rule: "none" };
  const known = meaningOfCode(code);
  if (known === undefined) return { class: "unknown", rule: "none" };
  return { class: known, rule: `code ${code}` };
}

/** By the longest domain that the host stands in. */
function providerAt(
  providers: ReadonlyMap<string, string>,
  remote: string | undefined,
): string | undefined {
  if (remote === undefined) return undefined;
  const name = remote.slice(0, 255).split("[", 1)[0] ?? "";
  const labels = name.toLowerCase().replace(/\.$/, "").split(".");
  for (let n = 0; n < labels.length - 1; n++) {
    const provider = providers.get(labels.slice(n).join("."));
    if (provider !== undefined) return provider;
  }
  return undefined;
}
