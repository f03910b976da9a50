/** What a rule has started and is still in force, as it stands in the store (ADR 0014). */
import { type Dimension, dimensions, type Subject } from "#lib/limits/limit";
import { fnv1a32 } from "#lib/queue/shard";
import type { Time } from "#lib/queue/unit";
import type { ActionScope, LimitValue } from "./rule.ts";

/** With the host that is skipped. */
export type MeasureEffect =
  | { readonly kind: "hold" }
  | { readonly kind: "limit"; readonly limit: LimitValue }
  | { readonly kind: "skipHost"; readonly host: string }
  | { readonly kind: "changeSource" }
  | { readonly kind: "fail" };

export interface Measure {
  readonly id: string;
  /** The rule's name. */
  readonly rule: string;
  /** Where the rule stands: file and line. */
  readonly provenance: string;
  readonly effect: MeasureEffect;
  /** Whom it binds: who has all of these values; empty: everybody. */
  readonly scope: Subject;
  readonly since: Time;
  /** When it was started, or renewed last; `until` is its duration later. */
  readonly renewedAt: Time;
  readonly until: Time;
  /** Replies that were heard before it started, this one included. */
  readonly count: number;
  /** The reply that started or renewed it, cut. */
  readonly sample: string;
  /** The worker that started or renewed it. */
  readonly by: string;
}

/**
 * Whose values a scope takes from a subject; undefined: one of them is not known. Who names no
 * sources has one: then it is left out, as from the scopes of limits (ADR 0015 §4).
 */
export function scopeValues(scope: ActionScope, subject: Subject): Subject | undefined {
  const values: { [D in Dimension]?: string } = {};
  for (const dimension of scope) {
    const value = subject[dimension];
    if (value !== undefined) values[dimension] = value;
    else if (dimension !== "source") return undefined;
  }
  return values;
}

/** Text that is the same for the same values only: names come from submitters. */
export function scopeKey(values: Subject): string {
  let key = "";
  for (const dimension of dimensions) {
    const value = values[dimension];
    if (value !== undefined) key += ` ${dimension} ${value.length}:${value}`;
  }
  return key;
}

/**
 * The same for everybody who starts the same, and short enough to be typed: 12 characters are 60
 * bits.
 */
export function measureId(of: {
  readonly rule: string;
  /** The action's place in the rule. */
  readonly index: number;
  readonly scope: Subject;
  readonly host?: string | undefined;
}): string {
  const { rule, index, scope, host = "" } = of;
  const text = `${rule.length}:${rule} ${index} ${host.length}:${host}${scopeKey(scope)}`;
  return digitsOf(fnv1a32(`a${text}`)) + digitsOf(fnv1a32(`${text}b`));
}

/** 30 bits in letters and digits that are not taken for one another. */
function digitsOf(hash: number): string {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  // FNV's last octets stir its high bits too little.
  let rest = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  let digits = "";
  for (let i = 0; i < 6; i++) {
    digits += alphabet[rest & 31];
    rest >>>= 5;
  }
  return digits;
}
