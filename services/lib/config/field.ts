/** Zod schemas of single fields, whose issues carry a message and a hint of ours. */
import { z } from "zod";
import { bad, duration, ok, quote, size, type ValueParser } from "./value.ts";

/** A hint travels in the issue's `params`; the message stands by itself behind the key's name. */
export function field<T>(parse: ValueParser<T>) {
  return z.unknown().transform((value, context): T => {
    const parsed = value === undefined ? missing : parse(value);
    if (parsed.ok) return parsed.value;
    const { message, hint } = parsed;
    context.issues.push({ code: "custom", message, params: { hint }, input: value });
    return z.NEVER;
  });
}

const missing = { ok: false, message: "is missing", hint: undefined } as const;

/** A whole number within limits. */
export function count(min: number, max = Number.MAX_SAFE_INTEGER) {
  return field<number>((value) => {
    const isOne = typeof value === "number" && Number.isInteger(value);
    if (isOne && value >= min && value <= max) return ok(value);
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    return bad(`${quote(value)} is out of range`, `a whole number, ${range}`);
  });
}

/** A number that need not be whole. */
export function quantity(min: number, max: number) {
  return field<number>((value) => {
    if (typeof value === "number" && value >= min && value <= max) return ok(value);
    return bad(`${quote(value)} is out of range`, `a number, ${min} to ${max}`);
  });
}

/** A span of at least `min`, which is written as in the file. */
export function span(min: string) {
  return field<number>(atLeast(duration, min));
}

export function bytes(min: string) {
  return field<number>(atLeast(size, min));
}

function atLeast(parse: ValueParser<number>, min: string): ValueParser<number> {
  return (value) => {
    const parsed = parse(value);
    const least = parse(min);
    if (!parsed.ok || !least.ok || parsed.value >= least.value) return parsed;
    return bad(`${quote(value)} is too little`, `at least ${min}`);
  };
}

const word: ValueParser<string> = (value) => {
  if (typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/.test(value))
    return ok(value);
  return bad(`${quote(value)} is no name`, "letters, digits and any of _ . @ -");
};

/** A word for metrics and logs. */
export const name = field<string>(word);

/** A tenant's name, or `*` for all of them. */
export const tenantOrAll = field<string>((value) => (value === "*" ? ok(value) : word(value)));

export const text = field<string>((value) =>
  typeof value === "string" && value !== ""
    ? ok(value)
    : bad(`${quote(value)} is no text`, "in quotes"),
);

export function url(...protocols: readonly string[]) {
  return field<string>((value) => {
    const parsed = typeof value === "string" ? URL.parse(value) : null;
    if (parsed !== null && protocols.includes(parsed.protocol)) return ok(String(value));
    const hint = `beginning with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
    return bad(`${quote(value)} is no such URL`, hint);
  });
}
