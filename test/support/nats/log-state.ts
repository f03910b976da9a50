/** The state of a stream as a server tells it, as far as a log's reader asks. */
import type { StreamState } from "@nats-io/jetstream";
import type { LogState } from "#lib/nats/reading/gone";

export interface LogStateOptions {
  readonly replicas?: number;
  /** Empty: the stream has none. */
  readonly leader?: string;
}

export function logState(
  state: Partial<StreamState>,
  { replicas = 1, leader }: LogStateOptions = {},
): LogState {
  const cluster = leader === undefined ? {} : { cluster: { leader } };
  return { config: { num_replicas: replicas }, ...cluster, state } as unknown as LogState;
}
