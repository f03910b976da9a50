/**
 * Rules on the words of replies, from a YAML text:
 *
 *     providers:
 *       yahoo: { hosts: [yahoodns.net] }
 *     rules:
 *       - name: yahoo-no-account
 *         provider: yahoo
 *         pattern: "doesn't have a \\S+ account"
 *         class: bad-mailbox
 *         replies: ["554 delivery error: dd This user doesn't have a yahoo.com account [0]"]
 *
 * A rule without a provider is for all. `…` in a pattern is anything, up to the end of the sentence. `replies` are what it was made for; a test reads each of them
 * to its rule.
 */
import { parse } from "yaml";
import { z } from "zod";
import { compilePattern, type Pattern } from "../pattern/pattern.ts";
import { type BounceClass, bounceClasses } from "./bounce-class.ts";

export interface BounceRule {
  readonly name: string;
  readonly provider?: string;
  readonly pattern: Pattern;
  readonly class: BounceClass;
  /** It knows better than a status that is precise. Rules of a provider always do. */
  readonly overrules: boolean;
  readonly replies: readonly string[];
}

export interface Provider {
  readonly name: string;
  /** Domains that its mail exchangers stand in. */
  readonly hosts: readonly string[];
}

export interface BounceRules {
  readonly providers: readonly Provider[];
  /** In order: the first that is found counts. */
  readonly rules: readonly BounceRule[];
}

const word = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "is no name of a-z, 0-9 and -");
const host = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "is no domain");
/** Each is one more look at every reply. */
const rulesMax = 500;

/** What `…` in a pattern stands for: anything, up to the end of the sentence. */
const sameSentence = "(?:[^.;]|\\.\\S)*";

const pattern = z.string().transform((source, context): Pattern => {
  const made = compilePattern(source.replaceAll("…", sameSentence));
  if ("pattern" in made) return made.pattern;
  context.issues.push({ code: "custom", message: made.fault, input: source });
  return z.NEVER;
});

const file = z.strictObject({
  providers: z.record(word, z.strictObject({ hosts: z.array(host).min(1) })).default({}),
  rules: z
    .array(
      z.strictObject({
        name: word,
        provider: word.exactOptional(),
        pattern,
        class: z.enum(bounceClasses),
        overrules: z.boolean().default(false),
        replies: z.array(z.string()).min(1, "needs a reply that it is for"),
      }),
    )
    .max(rulesMax),
});

export type ReadRules =
  | { readonly rules: BounceRules }
  /** Each with its place, as in `rules[3].pattern: is empty`. */
  | { readonly faults: readonly string[] };

export function readRules(text: string): ReadRules {
  const read = readYaml(text);
  if ("fault" in read) return { faults: [read.fault] };
  const parsed = file.safeParse(read.value);
  if (!parsed.success) return { faults: parsed.error.issues.map(faultText) };
  const { rules } = parsed.data;
  const providers = Object.entries(parsed.data.providers).map(([name, { hosts }]) => ({
    name,
    hosts,
  }));
  const faults = consistencyFaults(rules, new Set(providers.map(({ name }) => name)));
  return faults.length > 0 ? { faults } : { rules: { providers, rules } };
}

function readYaml(text: string): { readonly value: unknown } | { readonly fault: string } {
  try {
    // Without aliases nothing in it is larger than it looks.
    return { value: parse(text, { maxAliasCount: 0 }) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function consistencyFaults(
  rules: readonly Pick<BounceRule, "name" | "provider">[],
  providers: ReadonlySet<string>,
): readonly string[] {
  const names = new Set<string>();
  return rules.flatMap(({ name, provider }, i) => {
    const faults: string[] = [];
    if (names.has(name)) faults.push(`rules[${i}].name: there are two rules "${name}"`);
    names.add(name);
    if (provider !== undefined && !providers.has(provider)) {
      faults.push(`rules[${i}].provider: there is no provider "${provider}"`);
    }
    return faults;
  });
}

function faultText({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return `${place.join("").replace(/^\./, "")}: ${message}`;
}
