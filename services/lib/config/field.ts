/** Zod schemas of single fields, whose issues carry a message and a hint of ours. */
import { z } from "zod";
import { bad, duration, ok, quote, size, type ValueParser } from "./value.ts";

/** What of a value's form JSON Schema can say: for editors, and for the values of the chart. */
export type Form = Readonly<Record<string, unknown>>;

/** A hint travels in the issue's `params`; the message stands by itself behind the key's name. */
export function field<T>(parse: ValueParser<T>, form: Form = {}) {
  const schema = z.unknown().transform((value, context): T => {
    const parsed = value === undefined ? missing : parse(value);
    if (parsed.ok) return parsed.value;
    const { message, hint } = parsed;
    context.issues.push({ code: "custom", message, params: { hint }, input: value });
    return z.NEVER;
  });
  return schema.meta({ ...form });
}

/** One that is written as a text. */
export function textField<T>(parse: ValueParser<T>) {
  return field(parse, { type: "string" });
}

const missing = { ok: false, message: "is missing", hint: undefined } as const;

/** Of a port: a number, as `port` has it. */
export const portForm: Form = { type: "integer", minimum: 0, maximum: 65_535 };

/** A whole number within limits. */
export function count(min: number, max = Number.MAX_SAFE_INTEGER) {
  return field<number>(
    (value) => {
      const isOne = typeof value === "number" && Number.isInteger(value);
      if (isOne && value >= min && value <= max) return ok(value);
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
      return bad(`${quote(value)} is out of range`, `a whole number, ${range}`);
    },
    numberForm("integer", min, max),
  );
}

/** A number that need not be whole. */
export function quantity(min: number, max: number) {
  return field<number>(
    (value) => {
      if (typeof value === "number" && value >= min && value <= max) return ok(value);
      return bad(`${quote(value)} is out of range`, `a number, ${min} to ${max}`);
    },
    numberForm("number", min, max),
  );
}

function numberForm(type: "integer" | "number", minimum: number, max: number): Form {
  return { type, minimum, ...(max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max }) };
}

/** A span of at least `min`, and at most `max`, which are written as in the file. */
export function span(min: string, max?: string) {
  const least = atLeast(duration, min);
  return field<number>(max === undefined ? least : atMost(least, max), {
    type: "string",
    pattern: "^([0-9]{1,9}(ms|s|m|h|d))+$",
  });
}

export function bytes(min: string) {
  return field<number>(atLeast(size, min), {
    type: "string",
    pattern: "^[0-9]{1,9}(B|KiB|MiB|GiB)$",
  });
}

function atLeast(parse: ValueParser<number>, min: string): ValueParser<number> {
  return (value) => {
    const parsed = parse(value);
    const least = parse(min);
    if (!parsed.ok || !least.ok || parsed.value >= least.value) return parsed;
    return bad(`${quote(value)} is too little`, `at least ${min}`);
  };
}

function atMost(parse: ValueParser<number>, max: string): ValueParser<number> {
  return (value) => {
    const parsed = parse(value);
    const most = parse(max);
    if (!parsed.ok || !most.ok || parsed.value <= most.value) return parsed;
    return bad(`${quote(value)} is too much`, `at most ${max}`);
  };
}

const wordForm = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

const word: ValueParser<string> = (value) => {
  if (typeof value === "string" && wordForm.test(value)) return ok(value);
  return bad(`${quote(value)} is no name`, "letters, digits and any of _ . @ -");
};

/** A word for metrics and logs. */
export const name = field<string>(word, { type: "string", pattern: wordForm.source });

/** A tenant's name, or `*` for all of them. */
export const tenantOrAll = textField<string>((value) => (value === "*" ? ok(value) : word(value)));

export const text = textField<string>((value) =>
  typeof value === "string" && value !== ""
    ? ok(value)
    : bad(`${quote(value)} is no text`, "in quotes"),
);

export function url(...protocols: readonly string[]) {
  return textField<string>((value) => {
    const parsed = typeof value === "string" ? URL.parse(value) : null;
    // Addresses are logged, and a login is not for the log: nor is it repeated here.
    if (parsed !== null && parsed.username + parsed.password !== "") {
      return bad("has a login in its URL", "a login has keys of its own, such as user or headers");
    }
    if (parsed !== null && protocols.includes(parsed.protocol)) return ok(String(value));
    const hint = `beginning with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
    return bad(`${quote(value)} is no such URL`, hint);
  });
}
