/** The form of a shaping file (ADR 0015): its keys, and what becomes of single values. */
import { z } from "zod";
import { listOf, someOf } from "#lib/automation/list-of";
import { automationSection } from "#lib/automation/rule-schema";
import { count, field, span } from "#lib/config/field";
import { nearest } from "#lib/config/nearest";
import {
  address,
  bad,
  domainPattern,
  hostname,
  ok,
  quote,
  scalarText,
  type ValueParser,
} from "#lib/config/value";
import { type CapKind, type Dimension, dimensions, type RateKind } from "#lib/limits/limit";
import { parseByteRate, parseRate, type Rate } from "#lib/limits/rate";

/** Takes a limit away that an earlier layer, or a more general entry, has. */
export const none = "none";
export type OrNone<T> = T | typeof none;

export type Kind = RateKind | "connections" | CapKind;

/** In the order in which they are shown. */
export const kinds: readonly Kind[] = [
  "connections",
  "newConnections",
  "messages",
  "recipients",
  "bytes",
  "messagesPerConnection",
  "recipientsPerTransaction",
];

const atOnce: ValueParser<number> = (value) => {
  const isOne = typeof value === "number" && Number.isInteger(value);
  if (isOne && value >= 1 && value <= 1_000_000) return ok(value);
  if (value === 0) return bad("0 lets nothing through", "hold the destination instead");
  return bad(`${quote(value)} is no limit`, "a whole number, 1 to 1000000");
};

function orNone<T>(parse: ValueParser<T>) {
  return field<OrNone<T>>((value) => {
    if (value === none) return ok(none);
    const parsed = parse(value);
    return parsed.ok ? parsed : bad(parsed.message, `${parsed.hint ?? ""}; or none`);
  }).exactOptional();
}

/** `.google.com` for the hosts below it, or one host by its name or address. */
const hostPattern: ValueParser<string> = (value) => {
  const text = typeof value === "string" ? value.replace(/^\*?\./, "") : "";
  const host = hostname(text);
  const isSuffix = typeof value === "string" && text !== value;
  if (host.ok) return ok(isSuffix ? `.${host.value}` : host.value);
  const literal = address(value);
  return literal.ok
    ? literal
    : bad(`${quote(value)} is no MX host`, ".google.com for those below it, or mx1.example.net");
};

const text: ValueParser<string> = (value) =>
  typeof value === "string" ? ok(value) : bad(`${quote(value)} is no name`, "in quotes");

function oneOf<T extends string>(words: readonly T[]): ValueParser<T> {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return ok(found);
    const likely = nearest(scalarText(value), words);
    const hint = likely === undefined ? `one of ${words.join(", ")}` : `did you mean ${likely}?`;
    return bad(`${quote(value)} is not known`, hint);
  };
}

const limitKeys = {
  connections: orNone<number>(atOnce),
  newConnections: orNone<Rate>(parseRate),
  messages: orNone<Rate>(parseRate),
  recipients: orNone<Rate>(parseRate),
  bytes: orNone<Rate>(parseByteRate),
  messagesPerConnection: orNone<number>(atOnce),
  recipientsPerTransaction: orNone<number>(atOnce),
  replace: z.boolean().exactOptional(),
};

const entryKeys = {
  ...limitKeys,
  per: listOf(oneOf<Dimension>(["source", "tenant", "campaign"])).exactOptional(),
};

/** What belongs to a way, and not to who uses it. */
const wayKeys = {
  ...entryKeys,
  concurrency: z
    .strictObject({
      first: count(1, 10_000).exactOptional(),
      max: count(1, 10_000).exactOptional(),
    })
    .exactOptional(),
  idle: span("0s").exactOptional(),
};

const match = z.strictObject({
  mx: listOf(hostPattern).exactOptional(),
  domains: listOf(domainPattern).exactOptional(),
  /** Each set of MX hosts is a provider of its own, with these values. */
  each: z.boolean().exactOptional(),
});

const entry = z.strictObject(entryKeys);
const way = z.strictObject(wayKeys);

/** Of a source, tenant or campaign: its own limits, and those that it has at certain places. */
const partKeys = {
  ...entryKeys,
  default: entry.exactOptional(),
  providers: z.record(z.string(), entry).exactOptional(),
  domains: z.record(z.string(), entry).exactOptional(),
};
const part = z.strictObject(partKeys);

/** Turns are of ten recipients for each unit of weight: with more the others would wait for long. */
const weightMax = 100;
const tenant = z.strictObject({ ...partKeys, weight: count(1, weightMax).exactOptional() });

const ownLimit = z.strictObject({
  ...limitKeys,
  scope: listOf(oneOf(dimensions)).exactOptional(),
  only: z
    .strictObject({
      destination: someOf(domainPattern).exactOptional(),
      provider: someOf(text).exactOptional(),
      source: someOf(text).exactOptional(),
      tenant: someOf(text).exactOptional(),
      campaign: someOf(text).exactOptional(),
    })
    .exactOptional(),
});

export const fileForm = z.strictObject({
  default: way.exactOptional(),
  providers: z
    .record(z.string(), z.strictObject({ ...wayKeys, match: match.exactOptional() }))
    .exactOptional(),
  domains: z.record(z.string(), way).exactOptional(),
  sources: z.record(z.string(), part).exactOptional(),
  tenants: z.record(z.string(), tenant).exactOptional(),
  campaigns: z.record(z.string(), part).exactOptional(),
  limits: z.record(z.string(), ownLimit).exactOptional(),
  automation: automationSection.exactOptional(),
});

export type WrittenFile = z.output<typeof fileForm>;
/** All that an entry of whatever section may have. */
export type WrittenEntry = z.output<typeof way> &
  Pick<NonNullable<WrittenFile["providers"]>[string], "match"> &
  Pick<NonNullable<WrittenFile["tenants"]>[string], "weight"> &
  Pick<z.output<typeof ownLimit>, "scope" | "only">;

/** The sections whose entries count for who sends. */
export const parts = ["sources", "tenants", "campaigns"] as const;
export type Part = (typeof parts)[number];

export const dimensionOf = {
  sources: "source",
  tenants: "tenant",
  campaigns: "campaign",
} as const satisfies Readonly<Record<Part, Dimension>>;
