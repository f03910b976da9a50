/** Poison: what cannot be read is kept for the operator, and its shard goes on (STYLE §14.13). */
import type { Clock } from "#lib/clock";
import type { UnitEvent } from "#lib/queue/event";
import type { Destination, Shard } from "#lib/queue/unit";
import type { Store } from "#lib/store/store";
import type { LogEntry } from "#lib/stream/stream";
import type { Log } from "#lib/telemetry/log";
import type { DeliveryMetrics } from "../metrics.ts";

export interface ParkingPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly storeRetryMs: number;
}

/** Keeps the entry; resolves when that is durable. */
export async function park(
  shard: Shard,
  parked: {
    readonly entry: Pick<LogEntry, "sequence" | "uid" | "record">;
    readonly reason: string;
  },
  ports: ParkingPorts,
): Promise<void> {
  const { store, clock, log, metrics, storeRetryMs } = ports;
  const { entry, reason } = parked;
  const { sequence, uid, record } = entry;
  const at = clock.now();
  for (;;) {
    try {
      await store.park({ shard, sequence, uid, at, reason, record });
      break;
    } catch (error) {
      log.error("park_waits", { uid, error: String(error) });
      await clock.sleep(storeRetryMs);
    }
  }
  metrics.parked();
  log.error("unit_parked", { uid, shard, sequence, reason });
}

/** What the journal tells of it: nobody knows whose it was. */
export function parkedEvent(
  shard: Shard,
  { sequence, uid }: Pick<LogEntry, "sequence" | "uid">,
  at: number,
): UnitEvent {
  return {
    at,
    shard,
    sequence,
    uid,
    destination: "" as Destination,
    disposition: "parked",
    recipients: [],
    attempt: 0,
  };
}
