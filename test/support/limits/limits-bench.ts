/** The limits of one worker that owns one shard, on a clock that a test moves. */
import { epochOf, type Lease } from "#lib/leases/leases";
import { WorkerLimits } from "../../../services/delivery/limits/worker-limits.ts";
import { noMetrics } from "../../../services/delivery/metrics.ts";
import { ManualClock } from "../manual-clock.ts";
import { incarnation, shard } from "../records.ts";

export interface LimitsBenchOptions {
  readonly opened?: "at first" | "after a crash";
}

const crashed: Lease = { owner: incarnation("w1/0"), epoch: epochOf(1) };

export function limitsBench(options: LimitsBenchOptions = {}) {
  const clock = new ManualClock();
  const limits = new WorkerLimits({ clock, metrics: noMetrics });
  limits.open(shard(0), options.opened === "after a crash" ? crashed : undefined);
  return { clock, limits };
}
