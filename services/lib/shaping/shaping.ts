/** What `shaping.yaml` says of a way that mail goes (ADR 0015): its provider, limits and settings. */
import type { Rule } from "#lib/automation/rule";
import type { CapLimit, CountedLimit, Subject } from "#lib/limits/limit";

export interface Shaping {
  /**
   * Whose limits a destination shares: the provider that names the domain, or to which all of its
   * mail exchangers belong; else `mx:` and the set of them; else, with no exchangers known, the
   * domain itself. The same set in another order is the same provider.
   */
  providerOf(domain: string, mxHosts: readonly string[]): string;
  /**
   * The provider, if any, to which the host of a route belongs. A route without has no provider:
   * then neither a provider's limits nor those of `default` apply to it.
   */
  providerOfRoute(host: string): string | undefined;
  /**
   * What applies to mail for this subject; cheap, and the same object while it is the same shaping
   * (but for some of thousands that were not asked for in a long while). To be asked anew after a
   * reload.
   */
  pathFor(subject: Subject): PathSettings;
  /**
   * A tenant's part beside others where several have mail for the same destination; empty: mail of
   * nobody in particular. Cheap.
   */
  weightOf(tenant: string): Weight;
  /** Rules on replies (ADR 0014); the same array while it is the same shaping. */
  readonly automation: readonly Rule[];
}

export interface Weight {
  readonly value: number;
  /** `shaping.yaml:12`; `built in` where no file has a word. */
  readonly provenance: string;
}

/** One for all subjects of which the files say the same: nothing here has a subject's name in it. */
export interface PathSettings {
  /**
   * To be bound to the subject (`lib/limits`). Where the subject has no source, none of them has
   * one in its scope: who names no sources has one.
   */
  readonly limits: readonly CountedLimit[];
  /** Several of a kind: the smallest rules. */
  readonly caps: readonly CapLimit[];
  /** Sessions that a destination begins with; at most `concurrencyMax`. */
  readonly concurrencyFirst: number;
  /** To which its adaptive window may grow (ADR 0012 §8). */
  readonly concurrencyMax: number;
  /** So long an unused connection is kept; 0: it is closed at once. */
  readonly idleMs: number;
  /** Of those three, as limits have theirs: `shaping.yaml:12`; `shipped:12` in our own file. */
  readonly provenance: Provenance;
}

export interface Provenance {
  readonly concurrencyFirst: string;
  readonly concurrencyMax: string;
  readonly idleMs: string;
}

/** A file of the operator's: its name as he will read it, and its text. */
export interface ShapingFile {
  readonly name: string;
  readonly text: string;
}
