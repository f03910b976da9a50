/** What the control API stands on. */
import type { Clock } from "#lib/clock";
import type { Bus } from "#lib/leases/bus";
import type { Store } from "#lib/store/store";
import type { Journal } from "#lib/stream/journal";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";

export interface ControlPorts {
  readonly bus: Bus;
  readonly store: Pick<Store, "putHold" | "dropHold" | "holds" | "bounces" | "parked">;
  readonly journal: Pick<Journal, "trace">;
  readonly metrics: Pick<Metrics, "render">;
  readonly clock: Clock;
  readonly log: Log;
  /** What operators must show. */
  readonly token: string;
  /** Why this process is not ready yet, or no more; empty when it is. */
  readonly unreadiness: () => readonly string[];
}
