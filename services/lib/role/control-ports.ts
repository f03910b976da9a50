/** What the control API of a process stands on; each role has one. */
import type { Clock } from "#lib/clock";
import type { ControlConfig } from "#lib/config/config";
import type { EventSink } from "#lib/events/event-sink";
import type { Bus } from "#lib/leases/bus";
import type { Leases } from "#lib/leases/leases";
import type { Summaries } from "#lib/leases/summaries";
import type { Endpoint } from "#lib/net/transport";
import type { Journal } from "#lib/stream/journal";
import type { SplitBacklog } from "#lib/stream/split-backlog";
import type { Stream } from "#lib/stream/stream";
import type { StreamReplicas } from "#lib/stream/stream-replicas";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";
import type { Reason } from "./readiness.ts";
import type { Records } from "./records.ts";

export interface ControlPorts {
  readonly metrics: Pick<Metrics, "render">;
  readonly clock: Clock;
  readonly log: Log;
  /** What troubles this process. */
  readonly reasons: () => readonly Reason[];
  /** Behind the operators' API; undefined while its servers are away. */
  readonly operators: () => OperatorsPorts | undefined;
  /** Whether a token may be made where there is none. */
  readonly makesToken: boolean;
}

export interface OperatorsPorts {
  readonly shards: number;
  readonly bus: Bus;
  readonly journal: Pick<Journal, "trace">;
  /** Undefined while their store is not joined. */
  readonly records: Records | undefined;
  /** What owners told last, for when they do not answer. */
  readonly summaries?: Pick<Summaries, "last">;
  readonly leases: Pick<Leases, "members" | "read">;
  readonly stream: Pick<Stream, "end">;
  /** Is told what operators did. */
  readonly events?: EventSink;
  /** Where messages are fanned out behind their acceptance. Rejects when it cannot be told. */
  readonly splitBacklog?: () => Promise<SplitBacklog>;
  /** Where streams have replicas. Rejects when it cannot be told. */
  readonly replicas?: () => Promise<StreamReplicas>;
}

export interface ControlService {
  /** Returns where it really listens. */
  start(): Endpoint;
  stop(): Promise<void>;
}

/** How a role, which knows nothing of the control service, comes by one. */
export type OpenControl = (config: ControlConfig, ports: ControlPorts) => Promise<ControlService>;
