/** What is limited, for whom, and how much (ADR 0012). */
import { assert } from "#lib/assert";
import type { Rate } from "./rate.ts";

/** Per time. */
export type RateKind = "newConnections" | "messages" | "recipients" | "bytes";
/** Per connection, or transaction. */
export type CapKind = "messagesPerConnection" | "recipientsPerTransaction";

export type Dimension = "destination" | "provider" | "source" | "tenant" | "campaign";

/** In the order in which they stand in a key. */
export const dimensions: readonly Dimension[] = [
  "destination",
  "provider",
  "source",
  "tenant",
  "campaign",
];

interface Named {
  /** Two limits of the same kind and scope differ by it; it stays when the value is changed. */
  readonly name: string;
  /** Each combination of their values has its own count. */
  readonly scope: readonly Dimension[];
  /** Where the value comes from: file and line, or a rule. */
  readonly provenance: string;
}

export interface RateLimit extends Named {
  readonly kind: RateKind;
  readonly rate: Rate;
}

export interface ConnectionLimit extends Named {
  readonly kind: "connections";
  readonly max: number;
}

export interface CapLimit extends Named {
  readonly kind: CapKind;
  readonly max: number;
}

/** What has a count that outlives a connection. */
export type CountedLimit = RateLimit | ConnectionLimit;

/** What something is sent to, over, and for; what is not known has no limits. */
export type Subject = { readonly [D in Dimension]?: string };

/** How much is asked for at once. */
export type Demand = { readonly [K in RateKind | "connections"]?: number };

/** What the limit counts for this subject under; undefined: it does not apply. */
export function keyOf(limit: CountedLimit, subject: Subject): string | undefined {
  assert(limit.scope.length > 0, "a limit is of something");
  let key = `${limit.kind} ${measured(limit.name)}`;
  for (const dimension of dimensions) {
    if (!limit.scope.includes(dimension)) continue;
    const value = subject[dimension];
    if (value === undefined) return undefined;
    key += ` ${dimension} ${measured(value)}`;
  }
  return key;
}

/** With its length before it: names come from submitters, and no separator is safe. */
function measured(text: string): string {
  return `${text.length}:${text}`;
}

/** Whether a limit binds more than one shard, so that it has a home (ADR 0013). */
export function isShared(limit: CountedLimit): boolean {
  return !limit.scope.includes("destination");
}

/** The smallest cap of a kind rules. */
export function smallestCap(limits: readonly CapLimit[], kind: CapKind): CapLimit | undefined {
  let smallest: CapLimit | undefined;
  for (const limit of limits) {
    if (limit.kind !== kind) continue;
    if (smallest === undefined || limit.max < smallest.max) smallest = limit;
  }
  return smallest;
}
