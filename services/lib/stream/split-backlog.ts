/** Messages to several destinations that are accepted and not yet in their shards' logs. */
export interface SplitBacklog {
  /** With no worker. */
  readonly waiting: number;
  /** Handed to a worker, which fans them out. */
  readonly inFlight: number;
  /** How long ago the oldest of them was accepted; absent when there is none. */
  readonly oldestMs?: number;
}
