/**
 * The section `automation:` of a shaping file: rules on replies, and what is done (ADR 0014). Each
 * rule's examples are held against it when the file is read.
 */
import { z } from "zod";
import { field, name, text } from "#lib/config/field";
import {
  bad,
  domainPattern,
  duration,
  ok,
  quote,
  scalarText,
  type ValueParser,
} from "#lib/config/value";
import { compilePattern, type Pattern } from "#lib/pattern/pattern";
import { action, type WrittenAction } from "./action-schema.ts";
import { exampleReply } from "./example-reply.ts";
import { someOf } from "./list-of.ts";
import type { Conditions, Rule, Trigger } from "./rule.ts";
import { isSaid } from "./rule-book.ts";

/** Each is a time in memory, for each combination of values. */
const triggerCountMax = 1_000;

const word: ValueParser<string> = (value) => {
  const parsed = name.safeParse(value);
  return parsed.success ? ok(parsed.data) : bad(`${quote(value)} is no name`, "such as google");
};

/** 421, or `4xx` and `42x`: its first digits. */
const replyCode: ValueParser<number> = (value) => {
  const [, digits = ""] = /^([45](?:\d\d|\dx|xx))$/.exec(scalarText(value)) ?? [];
  if (digits !== "") return ok(Number(digits.replaceAll("x", "")));
  return bad(`${quote(value)} is no code of a refusal`, "such as 421, 42x or 4xx");
};

/** `4.7.28`, or `4.7.*`: its beginning. */
const replyStatus: ValueParser<string> = (value) => {
  const [, written = ""] = /^([45]\.(?:\d{1,3}\.(?:\d{1,3}|\*)|\*))$/.exec(scalarText(value)) ?? [];
  if (written !== "") return ok(written.replace("*", ""));
  return bad(`${quote(value)} is no status of a refusal`, 'such as "4.7.28" or "4.7.*"');
};

const pattern: ValueParser<Pattern> = (value) => {
  if (typeof value !== "string") return bad(`${quote(value)} is no text`, "in quotes");
  const compiled = compilePattern(value);
  if ("pattern" in compiled) return ok(compiled.pattern);
  return bad(`${quote(value)} ${compiled.fault}`, "RE2's syntax, which takes linear time");
};

/** `3 in 10m` */
const trigger: ValueParser<Trigger> = (value) => {
  const [, digits, span = ""] = /^(\d{1,4}) in (\S+)$/.exec(scalarText(value)) ?? [];
  const windowMs = duration(span);
  const count = Number(digits);
  if (digits === undefined || !windowMs.ok || windowMs.value === 0) {
    return bad(`${quote(value)} is no count in a window`, "such as 3 in 10m");
  }
  if (count < 1 || count > triggerCountMax) {
    return bad(`${quote(value)} is out of range`, `1 to ${triggerCountMax} replies`);
  }
  return ok({ count, windowMs: windowMs.value });
};

const actions = z
  .unknown()
  .transform((value) => (value === undefined || Array.isArray(value) ? value : [value]))
  .pipe(z.array(action).min(1, "does nothing"))
  .transform((lists): readonly WrittenAction[] => lists.flat());

const ruleFields = {
  name,
  provider: someOf(word).exactOptional(),
  destination: someOf(domainPattern).exactOptional(),
  code: someOf(replyCode).exactOptional(),
  status: someOf(replyStatus).exactOptional(),
  reply: someOf(pattern).exactOptional(),
  count: field(trigger).exactOptional(),
  do: actions.exactOptional(),
  example: someOf(exampleReply).exactOptional(),
  /** Alone with a name: the shipped rule of that name is turned on or off. */
  off: z.boolean().default(false),
  /** For people. */
  why: text.exactOptional(),
};

const rule = z.strictObject(ruleFields).transform((written, context): WrittenRule => {
  const issue = ({ path, message, hint }: RuleFault) =>
    void context.issues.push({ code: "custom", message, params: { hint }, path, input: written });
  const faults = faultsOf(written);
  for (const fault of faults) issue(fault);
  const { name: its, count, off, do: actions } = written;
  if (actions === undefined) return { kind: "switch", name: its, isOff: off };
  return {
    kind: "rule",
    name: its,
    isOff: off,
    when: conditionsOf(written),
    ...(count === undefined ? {} : { trigger: count }),
    actions: actions.map((each) => ({ ...each, durationMs: each.durationMs ?? 0 })),
  };
});

export type WrittenRule =
  | (Omit<Rule, "provenance"> & { readonly kind: "rule" })
  /** Turns the shipped one of its name on or off. */
  | { readonly kind: "switch"; readonly name: string; readonly isOff: boolean };

/** The section; names are unique in it. */
export const automationSection = z.array(rule).superRefine((rules, context) => {
  const seen = new Set<string>();
  for (const [i, { name: its }] of rules.entries()) {
    if (!seen.has(its)) {
      seen.add(its);
      continue;
    }
    context.addIssue({
      code: "custom",
      message: `"${its}" is the name of an earlier rule`,
      path: [i, "name"],
      params: { hint: "each has a name of its own" },
    });
  }
});

/**
 * Those of `over` come first, and stand in the place of those of the same name in `under`. `unknown`
 * are the indices of those that turn on or off what is not there.
 */
export function rulesOf(
  under: readonly Rule[],
  over: readonly WrittenRule[],
  provenanceOf: (index: number) => string,
): { readonly rules: readonly Rule[]; readonly unknown: readonly number[] } {
  const shipped = new Map(under.map((each) => [each.name, each]));
  const own: Rule[] = [];
  const unknown: number[] = [];
  for (const [index, written] of over.entries()) {
    const provenance = provenanceOf(index);
    const below = shipped.get(written.name);
    shipped.delete(written.name);
    if (written.kind === "switch") {
      if (below === undefined) unknown.push(index);
      else
        own.push({
          ...below,
          isOff: written.isOff,
          provenance: `${below.provenance}, ${provenance}`,
        });
      continue;
    }
    const { kind: _, ...rule } = written;
    own.push({ ...rule, provenance });
  }
  return { rules: [...own, ...shipped.values()], unknown };
}

type Fields = z.output<z.ZodObject<typeof ruleFields>>;

interface RuleFault {
  readonly path: (string | number)[];
  readonly message: string;
  readonly hint: string;
}

function faultsOf(written: Fields): readonly RuleFault[] {
  const { name: _, off: __, do: actions, ...rest } = written;
  const { reply, code, status } = rest;
  if (actions === undefined) {
    if (Object.values(rest).every((value) => value === undefined)) return [];
    return [{ path: [], message: "has no do", hint: "what is to be done, such as action: hold" }];
  }
  if (reply === undefined && code === undefined && status === undefined) {
    const hint = "with reply, code or status: without any it is about every refusal";
    return [{ path: [], message: "does not say about which replies it is", hint }];
  }
  return [...durationFaults(written), ...exampleFaults(written)];
}

/** Only what fails at once, and nothing later, has no duration. */
function durationFaults({ do: actions = [], count }: Fields): readonly RuleFault[] {
  return actions.flatMap(({ effect, durationMs }): readonly RuleFault[] => {
    const isAtOnce = effect.kind === "fail" && count === undefined;
    if (isAtOnce === (durationMs === undefined)) return [];
    const message = isAtOnce
      ? "a fail without a count concerns what matched, and lasts no time"
      : `${effect.kind} does not say how long`;
    const hint = isAtOnce ? "leave for out, or give a count" : "for: 30m";
    return [{ path: ["do"], message, hint }];
  });
}

function exampleFaults(written: Fields): readonly RuleFault[] {
  const { example = [] } = written;
  const when = conditionsOf(written);
  return example.flatMap((reply, i) => {
    if (isSaid(when, reply)) return [];
    const message = "is not matched by its rule";
    return [{ path: ["example", i], message, hint: "mend the example, or the conditions" }];
  });
}

function conditionsOf({ provider, destination, code, status, reply }: Fields): Conditions {
  return {
    ...(provider === undefined ? {} : { providers: provider }),
    ...(destination === undefined ? {} : { destinations: destination }),
    ...(code === undefined ? {} : { codes: code }),
    ...(status === undefined ? {} : { statuses: status }),
    ...(reply === undefined ? {} : { patterns: reply }),
  };
}
