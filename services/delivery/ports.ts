/** What a delivery worker is made of; only `main.ts` and the simulation construct these. */
import type { Clock } from "#lib/clock";
import type { Resolver } from "#lib/dns/resolver";
import type { EventSink } from "#lib/events/event-sink";
import type { Bus } from "#lib/leases/bus";
import type { Leases } from "#lib/leases/leases";
import type { Transport } from "#lib/net/transport";
import type { Random } from "#lib/random";
import type { Store } from "#lib/store/store";
import type { Intake } from "#lib/stream/intake";
import type { Incarnation, Journal } from "#lib/stream/journal";
import type { Stream } from "#lib/stream/stream";
import type { Log } from "#lib/telemetry/log";
import type { Tracing } from "#lib/telemetry/tracing";
import type { Attempts } from "./attempt/attempt.ts";
import type { NextHops } from "./attempt/next-hops.ts";
import type { SessionPool } from "./attempt/session-pool.ts";
import type { Measures } from "./automation/measures.ts";
import type { DeliveryConfig } from "./config.ts";
import type { Departure } from "./destination/admission.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Sources } from "./egress/sources.ts";
import type { WorkerLimits } from "./limits/worker-limits.ts";
import type { DeliveryMetrics } from "./metrics.ts";
import type { Locating } from "./path/locating.ts";
import type { Paths } from "./path/paths.ts";
import type { Notifier } from "./settlement/notifier.ts";
import type { Room } from "./shard/room.ts";
import type { KnownSuppressions } from "./suppression/known-suppressions.ts";
import type { Tenure } from "./tenure.ts";

/** The seams. */
export interface DeliveryPorts {
  readonly config: DeliveryConfig;
  readonly intake: Intake;
  readonly stream: Stream;
  readonly journal: Journal;
  readonly store: Store;
  readonly leases: Leases;
  readonly bus: Bus;
  readonly resolver: Resolver;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: DeliveryMetrics;
  readonly events: EventSink;
  /** Default: nothing is told of units that are traced. */
  readonly tracing?: Tracing;
  /** What the process knows, whatever becomes of its worker. Absent: each incarnation finds out. */
  readonly suppressions?: KnownSuppressions;
}

/** The seams and what one incarnation of the worker makes of them; shared by its shards. */
export interface WorkerPorts extends DeliveryPorts {
  readonly me: Incarnation;
  readonly tenure: Tenure;
  readonly attempts: Attempts;
  readonly nextHops: NextHops;
  readonly pool: SessionPool;
  readonly dispatcher: Dispatcher<Departure>;
  readonly paths: Paths;
  readonly locating: Locating;
  readonly sources: Sources;
  readonly room: Room;
  readonly notifier: Notifier;
  readonly limits: WorkerLimits;
  readonly measures: Measures;
  readonly suppressions: KnownSuppressions;
}
