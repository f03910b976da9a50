/** What an attempt may use: it was granted under all limits before a session was begun. */
import type { Acquired, BoundLimit, Permit, Spent } from "#lib/limits/acquire";
import type { Demand } from "#lib/limits/limit";
import type { Path } from "../path/paths.ts";
import type { RemoteSession } from "./remote-session.ts";
import type { Lent } from "./session-pool.ts";

export interface Pass {
  readonly path: Path;
  /** One that waited for more mail, or has sent a message and awaits the reply. */
  readonly session: RemoteSession | undefined;
  /** That one, as it was lent: this unit is to follow the message over it (ADR 0021). */
  readonly follows?: Lent;
  /** For the first connection, where none waited. */
  readonly permit: Permit | undefined;
  /** Of rates, for the message and the connection. */
  readonly spent: Spent;
  /** Called when all is sent, and another unit may follow over this session before the reply. */
  readonly sent?: ((lent: Lent) => void) | undefined;
}

export type Refused = Extract<Acquired, { kind: "refused" }>;

/** What attempts need of the worker's limits. */
export interface ConnectionLimits {
  acquire(bound: readonly BoundLimit[], demand: Demand): Acquired;
  release(permit: Permit): void;
  /** It counts under these limits now. */
  rebind(permit: Permit, bound: readonly BoundLimit[]): void;
  /** More are open than may be by now. */
  excess(permit: Permit): boolean;
  /** How many wait for one of its places, counted under the key for which most do. */
  waitingFor(permit: Permit): number;
}

export const oneConnection: Demand = { connections: 1, newConnections: 1 };
