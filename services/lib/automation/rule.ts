/** What is to be done about a remote host's refusal, and when (ADR 0014). */
import type { CapKind, Dimension, RateKind } from "#lib/limits/limit";
import type { Rate } from "#lib/limits/rate";
import type { Pattern } from "#lib/pattern/pattern";

export interface Rule {
  /** Unique; an operator's rule replaces the shipped one of its name. */
  readonly name: string;
  /** Where it stands: file and line. */
  readonly provenance: string;
  /** Kept to be shown, and to be turned on. */
  readonly isOff: boolean;
  readonly when: Conditions;
  /** At once when it is absent. */
  readonly trigger?: Trigger;
  /** At least one. */
  readonly actions: readonly Action[];
}

/** All that are given must hold; of several values one. */
export interface Conditions {
  readonly providers?: readonly string[];
  /** Domains, or `*.example.net` for those below. */
  readonly destinations?: readonly string[];
  /** Reply codes: 421, or their first digits: 42, 4. */
  readonly codes?: readonly number[];
  /** `4.7.28`, or its beginning with the dot: `4.7.`. */
  readonly statuses?: readonly string[];
  /** On `code status text`; one matches. */
  readonly patterns?: readonly Pattern[];
}

/** So many replies in any span of this length. */
export interface Trigger {
  readonly count: number;
  readonly windowMs: number;
}

/** Whom something binds: each combination of their values by itself; none: everybody. */
export type ActionScope = readonly Dimension[];

/** What is set, without whom and how long. */
export type Effect =
  /** Nothing more is tried. */
  | { readonly kind: "hold" }
  | { readonly kind: "limit"; readonly limit: LimitValue }
  /** Other hosts of the destination are tried. */
  | { readonly kind: "skipHost" }
  /** The source is not used for the others in the scope. */
  | { readonly kind: "changeSource" }
  /** Replies that match the rule are permanent failures. */
  | { readonly kind: "fail" };

/** The value of a limit of any kind. */
export type LimitValue =
  | { readonly kind: RateKind; readonly rate: Rate }
  | { readonly kind: "connections" | CapKind; readonly max: number };

export interface Action {
  readonly effect: Effect;
  readonly scope: ActionScope;
  /** 0 only of a `fail` at once, which concerns what matched and nothing later. */
  readonly durationMs: number;
}
