/** What an apply or a check of the cluster's schema has to say, for people. */
export interface SchemaReport {
  /** An apply: what it changed. A check: what differs from what this program needs. */
  readonly changes: readonly string[];
  /** What was left as it is, since changing it would lose mail, and what can be done instead. */
  readonly refusals: readonly string[];
}
