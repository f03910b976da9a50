/** What the journal records: how a unit left its place, and each recipient's outcome. */
import type { Status } from "#lib/smtp/status";
import type { Destination, Shard, Time, Uid } from "./unit.ts";

/**
 * How a unit was settled in its log (or finished in the store).
 * `attempted`: every recipient has an outcome here; those still waiting were deferred to the store.
 * `spilled`: moved to the store's backlog untried. `parked`: unreadable, kept for the operator.
 * `duplicate`: the same unit stands in the log a second time while the first is being dealt with.
 */
export type Disposition =
  | "delivered"
  | "failed"
  | "deferred"
  | "spilled"
  | "parked"
  | "cancelled"
  | "duplicate";

export interface RecipientEvent {
  readonly path: string;
  readonly outcome: "delivered" | "transient" | "permanent" | "expired";
  readonly code?: number;
  readonly status?: Status;
  /** The remote's text or our reason, one line. */
  readonly text: string;
  /** Nobody was asked: nothing is sent to this recipient. */
  readonly isSuppressed?: true;
}

export interface UnitEvent {
  readonly at: Time;
  readonly shard: Shard;
  /** The unit's place in the shard's log, or 0 when it came from the store. */
  readonly sequence: number;
  readonly uid: Uid;
  readonly destination: Destination;
  readonly disposition: Disposition;
  readonly recipients: readonly RecipientEvent[];
  readonly attempt: number;
  /** Host and address that answered, `mx1.example.net[192.0.2.1]`. */
  readonly remote?: string;
  readonly tls?: string;
  readonly durationMs?: number;
  readonly nextAttemptAt?: Time;
}
