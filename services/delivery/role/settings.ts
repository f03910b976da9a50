/** From the configuration of the file to what delivery is told. */
import type { Config } from "#lib/config/config";
import { type DeliveryConfig, defaultLimits, defaultTimings } from "../config.ts";

export interface DeliverySurroundings {
  /** Asked at each attempt, since they can be reloaded. */
  readonly routes: () => DeliveryConfig["routes"];
  /** The same. */
  readonly shaping: DeliveryConfig["shaping"];
  /** Whether others may have shards, too. */
  readonly isAlone: boolean;
}

export function deliveryConfigOf(
  config: Config,
  { routes, shaping, isAlone }: DeliverySurroundings,
): DeliveryConfig {
  const { retry, sessionsMax, tls, useIpv6 } = config.delivery;
  return {
    hostname: config.hostname,
    shards: config.shards,
    get routes() {
      return routes();
    },
    shaping,
    ...egressOf(config.delivery),
    tls,
    useIpv6,
    mxPort: smtpPort,
    retry,
    suppression: config.suppression,
    limits: { ...defaultLimits, sessionsMax },
    timings: {
      ...defaultTimings,
      // Where nobody else could have a shard there is nothing to wait for.
      ...(isAlone ? { stableMembershipMs: 0 } : {}),
    },
  };
}

function egressOf({
  sources,
  pools,
}: Config["delivery"]): Pick<DeliveryConfig, "sources" | "pools"> {
  return {
    sources: sources.map(({ name, hostname, ...egress }) => ({
      ...{ name, egress },
      ...(hostname === undefined ? {} : { hostname }),
    })),
    pools: pools.map((pool) => ({
      ...pool,
      sources: Object.entries(pool.sources).map(([name, weight]) => ({ name, weight })),
    })),
  };
}

/** RFC 5321 §4.5.4.2: mail exchangers listen here. */
const smtpPort = 25;
