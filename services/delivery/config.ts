/** What delivery is told: every value with its unit, default and reason. */
import type { Shaping } from "#lib/shaping/shaping";
import type { WaitingFor } from "#lib/smtp/client/step";
import type { Route } from "./attempt/routes.ts";
import type { Pool, Source } from "./egress/sources.ts";
import type { SuppressionRule } from "./suppression/suppression-rule.ts";

export interface DeliveryConfig {
  /** Argument of EHLO, Reporting-MTA, and the name that must not be found before us in an MX list. */
  readonly hostname: string;
  readonly shards: number;
  readonly routes: readonly Route[];
  /** Limits and settings of each way, and rules on replies; another one after a reload. */
  readonly shaping: () => Shaping;
  /**
   * From where mail goes out, and who gets which; none: as the machine sends it. Others after a
   * reload, of which delivery is told.
   */
  readonly sources: readonly Source[];
  readonly pools: readonly Pool[];
  readonly tls: "never" | "opportunistic" | "required";
  readonly useIpv6: boolean;
  /** The port of mail exchangers: 25, but for tests. */
  readonly mxPort: number;
  /**
   * Where a mail exchanger of this name would be ourselves: RFC 5321 §5.1. Beside loopback, to which
   * only routes lead.
   */
  readonly ownAddresses: readonly string[];
  readonly retry: RetryConfig;
  readonly suppression: SuppressionConfig;
  readonly limits: DeliveryLimits;
  readonly timings: Timings;
}

export interface RetryConfig {
  readonly firstMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** A delayed notification is due after this long; 0: never. */
  readonly delayNotificationMs: number;
  /** How long a notification of ours is tried. */
  readonly notificationLifetimeMs: number;
}

export interface SuppressionConfig extends SuppressionRule {
  /** Whether senders are notified of recipients to whom nothing was sent. */
  readonly notifies: boolean;
}

/** DESIGN §9, and the bounds of everything that is kept in memory. */
export interface DeliveryLimits {
  readonly sessionsMax: number;
  /** Hosts (addresses) tried in one attempt. */
  readonly hostsPerAttemptMax: number;
  /** Units waiting in memory for one destination, by count and by bytes; what exceeds it is spilled. */
  readonly readyUnitsMax: number;
  readonly readyBytesMax: number;
  /** Units of one shard in memory in whatever state; beyond it the log is not read. */
  readonly shardUnitsMax: number;
  readonly shardBytesMax: number;
  /** Of all shards of a worker together. */
  readonly workerBytesMax: number;
  readonly contentLineMax: number;
}

export interface Timings {
  /** RFC 5321 §4.5.3.2, in milliseconds, by what is waited for. */
  readonly reply: Readonly<Record<Exclude<WaitingFor, "nothing">, number>>;
  readonly connectMs: number;
  /** A unit read from the log is in flight, settled or spilled within this time (DESIGN §4.5). */
  readonly spillAfterMs: number;
  readonly checkpointMs: number;
  readonly heartbeatMs: number;
  /** Membership must have been the same for this long before shards move; 0 on one machine. */
  readonly stableMembershipMs: number;
  /** Without a heartbeat: nothing new is started … */
  readonly pauseWithoutHeartbeatMs: number;
  /** … and sessions that have not sent the final dot are dropped. */
  readonly dropWithoutHeartbeatMs: number;
  /** At a hand-over an attempt may take this long to its final dot; else the next owner makes it … */
  readonly finishMs: number;
  /** … and the reply to the final dot is waited for this long. */
  readonly drainMs: number;
  /** Pause before a write is tried again when the store or the queue is away. */
  readonly storeRetryMs: number;
}

const minute = 60_000;

/** RFC 5321 §4.5.3.2 gives minimums; EHLO and STARTTLS have none there and wait as MAIL does. */
export const replyTimeouts: Timings["reply"] = {
  greeting: 5 * minute,
  ehlo: 5 * minute,
  starttls: 5 * minute,
  mail: 5 * minute,
  rcpt: 5 * minute,
  dataInitiation: 2 * minute,
  dataBlock: 3 * minute,
  dataTermination: 10 * minute,
  quit: 10_000,
};

export const defaultLimits: DeliveryLimits = {
  sessionsMax: 1_000,
  hostsPerAttemptMax: 5,
  readyUnitsMax: 5_000,
  readyBytesMax: 24 * 1024 * 1024,
  shardUnitsMax: 20_000,
  shardBytesMax: 24 * 1024 * 1024,
  workerBytesMax: 48 * 1024 * 1024,
  contentLineMax: 998,
};

export const defaultTimings: Timings = {
  reply: replyTimeouts,
  connectMs: 30_000,
  spillAfterMs: 5_000,
  checkpointMs: 5_000,
  heartbeatMs: 3_000,
  stableMembershipMs: 5_000,
  pauseWithoutHeartbeatMs: 15_000,
  dropWithoutHeartbeatMs: 22_000,
  finishMs: 500,
  drainMs: 30_000,
  storeRetryMs: 1_000,
};
