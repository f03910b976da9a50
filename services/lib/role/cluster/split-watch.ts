/** How much waits to be fanned out, as metrics: each process tells the same, of all workers. */
import type { Clock } from "#lib/clock";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import type { Metrics } from "#lib/telemetry/metrics";
import type { Readiness } from "../readiness.ts";
import { Watch } from "../watch.ts";

export interface SplitWatchPorts {
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly metrics: Pick<Metrics, "gauge">;
}

/** As often as metrics are read: it is two questions to NATS. */
const everyMs = 15_000;

/** Not started yet. While it cannot be told the gauges have no value. */
export function watchSplits(
  backlogNow: () => Promise<SplitBacklog>,
  { clock, readiness, metrics }: SplitWatchPorts,
): Watch {
  let told: SplitBacklog | undefined;
  metrics.gauge(
    "godwit_nats_split_messages",
    "Messages to several destinations that are not fanned out yet, in the whole cluster.",
    () =>
      told === undefined
        ? []
        : [
            { value: told.waiting, labels: { state: "waiting" } },
            { value: told.inFlight, labels: { state: "in_flight" } },
          ],
  );
  metrics.gauge("godwit_nats_split_oldest_seconds", "Since the oldest of them was accepted.", () =>
    told === undefined ? [] : [{ value: (told.oldestMs ?? 0) / 1_000, labels: {} }],
  );
  const look = async () => {
    try {
      told = await backlogNow();
    } catch (error) {
      told = undefined;
      throw error;
    }
    return undefined;
  };
  return new Watch({ clock, readiness, part: "fan-out", isBlocking: false, everyMs, look });
}
