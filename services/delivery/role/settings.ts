/** From the configuration of the file to what delivery is told. */
import type { Config } from "#lib/config/config";
import { plainAddress } from "#lib/net/own-address";
import { type DeliveryConfig, defaultLimits, defaultTimings } from "../config.ts";

export interface DeliverySurroundings {
  /** Asked at each attempt, since they can be reloaded. */
  readonly routes: () => DeliveryConfig["routes"];
  /** The same, at each change of which delivery is told. */
  readonly egress: () => Pick<Config["delivery"], "sources" | "pools">;
  /** The same. */
  readonly shaping: DeliveryConfig["shaping"];
  /** Of this machine: what a listener on all addresses listens on. */
  readonly machineAddresses: readonly string[];
  /** Whether others may have shards, too. */
  readonly isAlone: boolean;
}

export function deliveryConfigOf(
  config: Config,
  { routes, egress, shaping, machineAddresses, isAlone }: DeliverySurroundings,
): DeliveryConfig {
  const { retry, sessionsMax, tls, useIpv6 } = config.delivery;
  return {
    hostname: config.hostname,
    shards: config.shards,
    get routes() {
      return routes();
    },
    shaping,
    get sources() {
      return sourcesOf(egress());
    },
    get pools() {
      return poolsOf(egress());
    },
    tls,
    useIpv6,
    mxPort: smtpPort,
    ownAddresses: [
      ...config.delivery.ownAddresses,
      ...config.listeners.flatMap((listener) => mailExchangerAt(listener, machineAddresses)),
    ],
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

function sourcesOf({ sources }: Pick<Config["delivery"], "sources">): DeliveryConfig["sources"] {
  return sources.map(({ name, hostname, ...egress }) => ({
    ...{ name, egress },
    ...(hostname === undefined ? {} : { hostname }),
  }));
}

function poolsOf({ pools }: Pick<Config["delivery"], "pools">): DeliveryConfig["pools"] {
  return pools.map((pool) => ({
    ...pool,
    sources: Object.entries(pool.sources).map(([name, weight]) => ({ name, weight })),
  }));
}

/** Another port of ours is nobody's mail exchanger, and whose port 25 is not ours may be one. */
function mailExchangerAt(
  { address, port }: Config["listeners"][number],
  machineAddresses: readonly string[],
): readonly string[] {
  if (port !== smtpPort) return [];
  if (address === "0.0.0.0") return machineAddresses.filter((each) => !each.includes(":"));
  return plainAddress(address) === "::" ? machineAddresses : [address];
}

/** RFC 5321 §4.5.4.2: mail exchangers listen here. */
const smtpPort = 25;
