/** An entry of a shaping file: its values, each with the place where it was written. */
import { given } from "#lib/config/limits";
import type { Dimension } from "#lib/limits/limit";
import { printByteRate, printRate, type Rate } from "#lib/limits/rate";
import type { OrNone, WrittenEntry } from "./form.ts";

/** A value and where it comes from. */
export interface Located<T> {
  readonly value: T;
  /** `shaping.yaml:12`. */
  readonly provenance: string;
}

/** By the key as it is written. */
export interface Entry {
  readonly connections?: Located<OrNone<number>>;
  readonly newConnections?: Located<OrNone<Rate>>;
  readonly messages?: Located<OrNone<Rate>>;
  readonly recipients?: Located<OrNone<Rate>>;
  readonly bytes?: Located<OrNone<Rate>>;
  readonly messagesPerConnection?: Located<OrNone<number>>;
  readonly recipientsPerTransaction?: Located<OrNone<number>>;
  readonly per?: Located<readonly Dimension[]>;
  readonly "concurrency.first"?: Located<number>;
  readonly "concurrency.max"?: Located<number>;
  readonly idle?: Located<number>;
  /** Of a tenant. */
  readonly weight?: Located<number>;
  readonly "match.mx"?: Located<readonly string[]>;
  readonly "match.domains"?: Located<readonly string[]>;
  readonly "match.each"?: Located<boolean>;
  readonly scope?: Located<readonly Dimension[]>;
  readonly "only.destination"?: Located<readonly string[]>;
  readonly "only.provider"?: Located<readonly string[]>;
  readonly "only.source"?: Located<readonly string[]>;
  readonly "only.tenant"?: Located<readonly string[]>;
  readonly "only.campaign"?: Located<readonly string[]>;
}

/** `provenanceOf` tells where the value of a key stands. */
export function entryOf(
  written: Partial<WrittenEntry>,
  provenanceOf: (...keys: readonly string[]) => string,
): Entry {
  const { concurrency, match, only } = written;
  function at<T>(value: T | undefined, ...keys: readonly string[]): Located<T> | undefined {
    return value === undefined ? undefined : { value, provenance: provenanceOf(...keys) };
  }
  return given({
    connections: at(written.connections, "connections"),
    newConnections: at(written.newConnections, "newConnections"),
    messages: at(written.messages, "messages"),
    recipients: at(written.recipients, "recipients"),
    bytes: at(written.bytes, "bytes"),
    messagesPerConnection: at(written.messagesPerConnection, "messagesPerConnection"),
    recipientsPerTransaction: at(written.recipientsPerTransaction, "recipientsPerTransaction"),
    per: at(written.per, "per"),
    "concurrency.first": at(concurrency?.first, "concurrency", "first"),
    "concurrency.max": at(concurrency?.max, "concurrency", "max"),
    idle: at(written.idle, "idle"),
    weight: at(written.weight, "weight"),
    "match.mx": at(match?.mx, "match", "mx"),
    "match.domains": at(match?.domains, "match", "domains"),
    "match.each": at(match?.each, "match", "each"),
    scope: at(written.scope, "scope"),
    "only.destination": at(only?.destination, "only", "destination"),
    "only.provider": at(only?.provider, "only", "provider"),
    "only.source": at(only?.source, "only", "source"),
    "only.tenant": at(only?.tenant, "only", "tenant"),
    "only.campaign": at(only?.campaign, "only", "campaign"),
  });
}

/** A value as it is written in a file. */
export function valueText(key: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  if (isRate(value)) return key === "bytes" ? printByteRate(value) : printRate(value);
  return key === "idle" ? spanText(Number(value)) : String(value);
}

function spanText(spanMs: number): string {
  return spanMs % 1_000 === 0 ? `${spanMs / 1_000}s` : `${spanMs}ms`;
}

function isRate(value: unknown): value is Rate {
  return typeof value === "object" && value !== null && "burst" in value;
}
