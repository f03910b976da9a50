/** Which rules a refusal matches: most of a million match none, and are asked about once. */
import type { Subject } from "#lib/limits/limit";
import { type Pattern, patternTextMax } from "#lib/pattern/pattern";
import type { Reply } from "#lib/smtp/reply";
import { combinedPatterns } from "./combined-patterns.ts";
import type { Conditions, Rule } from "./rule.ts";

/** What a remote host refused with, and whom. */
export interface Heard {
  readonly subject: Subject;
  /** The name of the host that said it. */
  readonly host?: string | undefined;
  readonly reply: Reply;
}

/** The rules that can concern a provider. */
interface Shelf {
  readonly rules: readonly Rule[];
  /** One of these matches what any of their patterns matches. */
  readonly any: readonly Pattern[];
}

const nothing: readonly Rule[] = [];

export class RuleBook {
  readonly #rules: readonly Rule[];
  /** Of those that rules name. */
  readonly #byProvider: ReadonlyMap<string, Shelf>;
  /** Of all others. */
  readonly #others: Shelf;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    const providers = new Set(rules.flatMap(({ when }) => when.providers ?? []));
    this.#byProvider = new Map([...providers].map((name) => [name, this.#shelf(name)]));
    this.#others = this.#shelf(undefined);
  }

  matching(heard: Heard): readonly Rule[] {
    const { provider } = heard.subject;
    const shelf =
      (provider === undefined ? undefined : this.#byProvider.get(provider)) ?? this.#others;
    if (shelf.rules.length === 0) return nothing;
    const text = repliedText(heard.reply);
    const mayMatch = shelf.any.some((pattern) => pattern.test(text));
    let found = nothing;
    for (const rule of shelf.rules) {
      if (!mayMatch && rule.when.patterns !== undefined) continue;
      if (!isAbout(rule.when, heard.subject) || !isSaid(rule.when, heard.reply, text)) continue;
      found = found.length === 0 ? [rule] : [...found, rule];
    }
    return found;
  }

  #shelf(provider: string | undefined): Shelf {
    const rules = this.#rules.filter(({ isOff, when: { providers } }) => {
      if (isOff) return false;
      return providers === undefined || (provider !== undefined && providers.includes(provider));
    });
    const patterns = rules.flatMap(({ when }) => when.patterns ?? []);
    return { rules, any: combinedPatterns(patterns) };
  }
}

/** What patterns see: `421 4.7.0 Too many connections`, all lines on one. */
export function repliedText({ code, status, lines }: Reply): string {
  let text = status === undefined ? String(code) : `${code} ${status}`;
  for (const line of lines) {
    // The rest is talk: a reply may have 200 KB.
    if (text.length >= patternTextMax) break;
    text += ` ${line}`;
  }
  return text.slice(0, patternTextMax);
}

/** Without regard to whom it was said about. */
export function isSaid(when: Conditions, reply: Reply, text = repliedText(reply)): boolean {
  const { codes, statuses, patterns } = when;
  const code = String(reply.code);
  if (codes !== undefined && !codes.some((begin) => code.startsWith(String(begin)))) return false;
  if (statuses !== undefined && !statuses.some((said) => isStatus(reply.status, said))) {
    return false;
  }
  return patterns === undefined || patterns.some((pattern) => pattern.test(text));
}

function isStatus(status: string | undefined, said: string): boolean {
  return said.endsWith(".") ? (status?.startsWith(said) ?? false) : status === said;
}

function isAbout({ providers, destinations }: Conditions, { provider, destination }: Subject) {
  if (providers !== undefined && (provider === undefined || !providers.includes(provider))) {
    return false;
  }
  if (destinations === undefined) return true;
  return destination !== undefined && destinations.some((named) => isIn(destination, named));
}

/** `example.net`, or `*.example.net` for those below. */
function isIn(destination: string, named: string): boolean {
  return named.startsWith("*.") ? destination.endsWith(named.slice(1)) : destination === named;
}
