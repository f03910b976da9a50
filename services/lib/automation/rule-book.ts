/** Which rules a refusal matches: all patterns that can concern it are asked in one pass. */
import type { Subject } from "#lib/limits/limit";
import { providerName } from "#lib/limits/provider-name";
import { patternTextMax } from "#lib/pattern/pattern";
import { PatternSet } from "#lib/pattern/pattern-set";
import type { Reply } from "#lib/smtp/reply";
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
  readonly patterns: PatternSet;
  /** By index of a pattern. */
  readonly ruleOf: readonly Rule[];
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
    const name = provider === undefined ? undefined : providerName(provider);
    const shelf = (name === undefined ? undefined : this.#byProvider.get(name)) ?? this.#others;
    if (shelf.rules.length === 0) return nothing;
    const text = repliedText(heard.reply);
    const said = shelf.patterns.found(text).map((index) => shelf.ruleOf[index]);
    let found = nothing;
    for (const rule of shelf.rules) {
      const { when } = rule;
      if (when.patterns !== undefined && !said.includes(rule)) continue;
      if (!isAbout(when, heard.subject) || !isCoded(when, heard.reply)) continue;
      found = found.length === 0 ? [rule] : [...found, rule];
    }
    return found;
  }

  #shelf(provider: string | undefined): Shelf {
    const rules = this.#rules.filter(({ isOff, when: { providers } }) => {
      if (isOff) return false;
      return providers === undefined || (provider !== undefined && providers.includes(provider));
    });
    const each = rules.flatMap((rule) =>
      (rule.when.patterns ?? []).map((pattern) => ({ rule, pattern })),
    );
    const patterns = new PatternSet(each.map(({ pattern }) => pattern));
    return { rules, patterns, ruleOf: each.map(({ rule }) => rule) };
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
export function isSaid(when: Conditions, reply: Reply): boolean {
  const { patterns } = when;
  if (!isCoded(when, reply)) return false;
  return patterns === undefined || patterns.some((each) => each.test(repliedText(reply)));
}

function isCoded({ codes, statuses }: Conditions, reply: Reply): boolean {
  const code = String(reply.code);
  if (codes !== undefined && !codes.some((begin) => code.startsWith(String(begin)))) return false;
  return statuses === undefined || statuses.some((said) => isStatus(reply.status, said));
}

function isStatus(status: string | undefined, said: string): boolean {
  return said.endsWith(".") ? (status?.startsWith(said) ?? false) : status === said;
}

function isAbout({ providers, destinations }: Conditions, { provider, destination }: Subject) {
  const name = provider === undefined ? "" : providerName(provider);
  if (providers !== undefined && !providers.includes(name)) return false;
  if (destinations === undefined) return true;
  return destination !== undefined && destinations.some((named) => isIn(destination, named));
}

/** `example.net`, or `*.example.net` for those below. */
function isIn(destination: string, named: string): boolean {
  return named.startsWith("*.") ? destination.endsWith(named.slice(1)) : destination === named;
}
