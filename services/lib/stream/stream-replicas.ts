/** Whether each stream of a cluster stands on as many servers as it should. */
export interface StreamReplicas {
  /** Those that were looked at. */
  readonly streams: number;
  /** Those with which something is wrong: the loss of another server may take mail with it. */
  readonly lacking: readonly LackingStream[];
}

export interface LackingStream {
  readonly stream: string;
  /** At least one. */
  readonly faults: readonly ReplicaFault[];
}

/**
 * `missing`: there is no such stream. `silent`: nobody answers for it. `leaderless`: its servers have
 * no leader, or are no majority. `away`: that server is not heard of. `behind`: it lacks so many
 * entries of what a majority has. `unplaced`: so many replicas have no server.
 */
export type ReplicaFault =
  | { readonly kind: "missing" | "silent" | "leaderless" }
  | { readonly kind: "away"; readonly server: string }
  | { readonly kind: "behind"; readonly server: string; readonly entries: number }
  | { readonly kind: "unplaced"; readonly count: number };
