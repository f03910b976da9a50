/** Seam: the list of whom nothing is sent to (ADR 0016). A part of Store, with the same failures. */
import type { Suppression, SuppressionId, SuppressionTerm } from "#lib/suppression/suppression";

/** Entries in one call: put, lifted, looked for, or in a page. */
export const suppressionsInCallMax = 1_000;

export interface SuppressionFilters {
  /** Those of this tenant's mail alone. */
  readonly tenant?: string;
  /** Goes on behind this one, as a page told. */
  readonly after?: string;
  readonly limit: number;
}

export interface SuppressionPage {
  /** In force, in an order of the store's own. */
  readonly entries: readonly Suppression[];
  /** More may stand behind it; there may be fewer here than asked for, or none. */
  readonly next?: string;
}

export interface SuppressionNews {
  /** Put since; some may have been told before, or have been lifted again. */
  readonly entries: readonly SuppressionTerm[];
  /** To be asked from the next time. */
  readonly next: string;
  /** More stands there already. */
  readonly hasMore: boolean;
  /** False: `since` lies so far back that not all that was put since can be told. */
  readonly isWhole: boolean;
}

/** Calls may be repeated. Every method may fail with `StoreUnavailable`. */
export interface SuppressionList {
  /** Each replaces what stood there for the same key and tenant. */
  put(entries: readonly Suppression[]): Promise<void>;
  /** What is not there is no fault. */
  lift(ids: readonly SuppressionId[]): Promise<void>;
  /** Those of them that are there and in force, in any order. */
  find(ids: readonly SuppressionId[]): Promise<readonly Suppression[]>;
  page(filters: SuppressionFilters): Promise<SuppressionPage>;
  /** Those that have entries of their own, or had; at most so many, in the order of their names. */
  tenants(limit: number): Promise<readonly string[]>;
  /** What was put since, by whomever; without `since` nothing, and where now is. */
  news(since?: string): Promise<SuppressionNews>;
}
