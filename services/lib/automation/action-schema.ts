/** The `do` of a rule: what is set, for whom, for how long. */
import { z } from "zod";
import { field } from "#lib/config/field";
import { bad, duration, ok, quote, type ValueParse, type ValueParser } from "#lib/config/value";
import { dimensions } from "#lib/limits/limit";
import { parseByteRate, parseRate } from "#lib/limits/rate";
import { listOf } from "./list-of.ts";
import type { Action, ActionScope, Effect, LimitValue } from "./rule.ts";

/** Longer is no answer to a reply: write a limit into the file. */
const durationMsMax = 30 * 86_400_000;

const lasting: ValueParser<number> = (value) => {
  const parsed = duration(value);
  if (!parsed.ok) return parsed;
  if (parsed.value < 1_000) return bad(`${quote(value)} is too little`, "at least 1s");
  if (parsed.value > durationMsMax) return bad(`${quote(value)} is too much`, "at most 30d");
  return parsed;
};

const whole: ValueParser<number> = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 1_000_000
    ? ok(value)
    : bad(`${quote(value)} is out of range`, "a whole number, 1 to 1000000; to stop it all: hold");

const limits = {
  connections: field(max("connections")).exactOptional(),
  newConnections: field(rate("newConnections")).exactOptional(),
  messages: field(rate("messages")).exactOptional(),
  recipients: field(rate("recipients")).exactOptional(),
  bytes: field(rate("bytes")).exactOptional(),
  messagesPerConnection: field(max("messagesPerConnection")).exactOptional(),
  recipientsPerTransaction: field(max("recipientsPerTransaction")).exactOptional(),
};

/** What its duration is for is known to the rule only: whether it has a trigger. */
export interface WrittenAction extends Omit<Action, "durationMs"> {
  readonly durationMs: number | undefined;
}

export const action = z
  .strictObject({
    action: z.enum(["hold", "limit", "skipHost", "changeSource", "fail"]),
    scope: listOf(dimensionOf).exactOptional(),
    for: field(lasting).exactOptional(),
    ...limits,
  })
  .transform((written, context): readonly WrittenAction[] => {
    const { action: kind, scope, for: durationMs, ...rest } = written;
    const values = Object.values(rest).filter((value) => value !== undefined);
    const fault = faultOf(kind, scope, values);
    if (fault !== undefined) {
      const { message, hint, path } = fault;
      context.issues.push({ code: "custom", message, params: { hint }, path, input: written });
      return z.NEVER;
    }
    const effects: readonly Effect[] =
      kind === "limit" ? values.map((limit) => ({ kind, limit })) : [{ kind }];
    return effects.map((effect) => ({ effect, scope: scope ?? usualScope[kind], durationMs }));
  });

type Kind = Effect["kind"];

const usualScope: Readonly<Record<Kind, ActionScope>> = {
  hold: ["destination"],
  limit: ["destination"],
  skipHost: [],
  changeSource: ["provider", "source"],
  fail: ["destination"],
};

interface ActionFault {
  readonly message: string;
  readonly hint: string;
  readonly path: string[];
}

function faultOf(
  kind: Kind,
  scope: ActionScope | undefined,
  values: readonly LimitValue[],
): ActionFault | undefined {
  const kinds = Object.keys(limits).join(", ");
  if (kind === "limit" && values.length === 0) {
    const hint = `one or more of ${kinds}`;
    return { message: "sets no limit", hint, path: ["action"] };
  }
  const [value] = values;
  if (kind !== "limit" && value !== undefined) {
    return { message: `is not for ${kind}`, hint: "action: limit has it", path: [value.kind] };
  }
  if (kind !== "changeSource" || scope === undefined || scope.includes("source")) return undefined;
  const hint = "with source: the one that is not to be used";
  return { message: "names no source", hint, path: ["scope"] };
}

function dimensionOf(value: unknown): ValueParse<ActionScope[number]> {
  const found = dimensions.find((dimension) => dimension === value);
  return found === undefined
    ? bad(`${quote(value)} is not known`, `any of ${dimensions.join(", ")}`)
    : ok(found);
}

function rate(kind: "newConnections" | "messages" | "recipients" | "bytes") {
  const parse = kind === "bytes" ? parseByteRate : parseRate;
  return (value: unknown): ValueParse<LimitValue> => {
    const parsed = parse(value);
    return parsed.ok ? ok({ kind, rate: parsed.value }) : parsed;
  };
}

function max(kind: "connections" | "messagesPerConnection" | "recipientsPerTransaction") {
  return (value: unknown): ValueParse<LimitValue> => {
    const parsed = whole(value);
    return parsed.ok ? ok({ kind, max: parsed.value }) : parsed;
  };
}
