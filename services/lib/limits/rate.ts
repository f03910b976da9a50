/** How much per time, as a person writes it: `100/min`, `5000/h`, `20/s burst 5`, `50MiB/min`. */
import { assert } from "#lib/assert";

export interface Rate {
  /** Messages, recipients, connections or bytes in each period. */
  readonly amount: number;
  readonly periodMs: number;
  /** How much may come at once. */
  readonly burst: number;
}

/** What a parser of single values answers (as those of `lib/config/value.ts`). */
export type RateParse =
  | { readonly ok: true; readonly value: Rate }
  | { readonly ok: false; readonly message: string; readonly hint: string };

const periodsMs: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** What people write for the above. */
const likelyPeriods: ReadonlyMap<string, string> = new Map([
  ["sec", "s"],
  ["second", "s"],
  ["m", "min"],
  ["minute", "min"],
  ["hr", "h"],
  ["hour", "h"],
  ["day", "d"],
]);

const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Without a burst of its own a rate has what it gives in this time: who wakes late catches up. */
const latenessMs = 100;
/** A wake-up that is late by some milliseconds is felt where they come as fast as this. */
const fastIntervalMs = 500;

interface Grammar {
  readonly amountOf: (text: string) => number | undefined;
  readonly print: (amount: number) => string;
  readonly amounts: string;
  readonly example: string;
}

const counts: Grammar = {
  amountOf: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
  print: String,
  amounts: "a number",
  example: "100/min",
};

const sizes: Grammar = {
  amountOf: bytesOf,
  print: printBytes,
  amounts: "a size in B, KiB, MiB or GiB",
  example: "50MiB/min",
};

/** Messages, recipients or connections per time. */
export function parseRate(value: unknown): RateParse {
  return parse(value, counts);
}

/** Bytes per time. */
export function parseByteRate(value: unknown): RateParse {
  return parse(value, sizes);
}

export function printRate(rate: Rate): string {
  return print(rate, counts);
}

export function printByteRate(rate: Rate): string {
  return print(rate, sizes);
}

/** With the burst that goes without saying. */
export function rateOf(amount: number, periodMs: number): Rate {
  assert(amount > 0 && periodMs > 0, "a rate lets something through");
  const intervalMs = periodMs / amount;
  const burstMin = intervalMs <= fastIntervalMs ? 2 : 1;
  return { amount, periodMs, burst: Math.max(burstMin, Math.ceil(latenessMs / intervalMs)) };
}

function parse(value: unknown, grammar: Grammar): RateParse {
  const { amounts, example } = grammar;
  const text = typeof value === "string" ? value.trim() : "";
  const [, amountText = "", period = "", burstText] =
    /^([^\s/]{1,16}) ?\/ ?([a-zA-Z0-9]{1,16})(?: +burst +(\S{1,16}))?$/.exec(text) ?? [];
  if (amountText === "") {
    return bad(`${quote(value)} is no rate`, `${amounts} per s, min, h or d, such as ${example}`);
  }
  const amount = grammar.amountOf(amountText);
  if (amount === undefined) {
    return bad(`${quote(amountText)} is not ${amounts}`, `such as ${example}`);
  }
  if (amount === 0) return bad("a rate of 0 lets nothing through", "hold the destination instead");
  const periodMs = periodsMs.get(period);
  if (periodMs === undefined) return badPeriod(amountText, period);
  const rate = rateOf(amount, periodMs);
  if (burstText === undefined) return { ok: true, value: rate };
  const burst = grammar.amountOf(burstText);
  if (burst !== undefined && burst > 0) return { ok: true, value: { ...rate, burst } };
  return bad(`${quote(burstText)} is no burst`, `${amounts}, at least 1: what may come at once`);
}

function badPeriod(amountText: string, period: string): RateParse {
  const word = period.toLowerCase().replace(/s$/, "") || "s";
  const likely = periodsMs.has(word) ? word : likelyPeriods.get(word);
  const hint = likely === undefined ? "s, min, h or d" : `${amountText}/${likely}`;
  return bad(`${quote(period)} is no period of a rate`, hint);
}

function bad(message: string, hint: string): RateParse {
  return { ok: false, message, hint };
}

function print(rate: Rate, grammar: Grammar): string {
  const period = [...periodsMs].find(([, ms]) => ms === rate.periodMs);
  assert(period !== undefined, "a rate is per one of the periods it can be written with");
  const text = `${grammar.print(rate.amount)}/${period[0]}`;
  const isUsual = rate.burst === rateOf(rate.amount, rate.periodMs).burst;
  return isUsual ? text : `${text} burst ${grammar.print(rate.burst)}`;
}

function bytesOf(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(text) ?? [];
  return digits === "" ? undefined : Number(digits) * (unitBytes[unit] ?? 1);
}

/** In the largest unit that says it without a fraction. */
function printBytes(bytes: number): string {
  const units = Object.entries(unitBytes).reverse();
  const [unit, size] = units.find(([, each]) => bytes % each === 0) ?? ["B", 1];
  return `${bytes / size}${unit}`;
}

function quote(value: unknown): string {
  const text = typeof value === "string" ? `"${value}"` : String(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
