/** The limits of one worker that owns one shard, on a clock that a test moves. */
import { epochOf, type Lease } from "#lib/leases/leases";
import { LocalBus } from "#lib/leases/local-bus";
import { silentLog } from "#lib/telemetry/log";
import { WorkerLimits } from "../../../services/delivery/limits/worker-limits.ts";
import { noMetrics } from "../../../services/delivery/metrics.ts";
import { ManualClock } from "../manual-clock.ts";
import { incarnation, shard } from "../records.ts";

export interface LimitsBenchOptions {
  readonly opened?: "at first" | "after a crash";
}

const me = incarnation("w1/1");
const crashed: Lease = { owner: incarnation("w1/0"), epoch: epochOf(1) };

export function limitsBench(options: LimitsBenchOptions = {}) {
  const clock = new ManualClock();
  const bus = new LocalBus({ clock });
  const members = async () => [{ incarnation: me, standing: "staying", silentMs: 0 } as const];
  const limits = new WorkerLimits({
    closeIdle: () => {},
    ...{ me, clock, bus, log: silentLog, metrics: noMetrics },
    config: { shards: 1 },
    leases: { members },
    tenure: { isSure: true },
  });
  const handler = limits.handler(async () => null);
  bus.serveWorker({ name: me, shards: () => [shard(0)], handler });
  bus.serveShard(
    shard(0),
    limits.handler(async () => null, shard(0)),
  );
  limits.open(shard(0), options.opened === "after a crash" ? crashed : undefined);
  return { clock, limits, bus };
}
