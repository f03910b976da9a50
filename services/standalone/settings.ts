/** From the configuration of the file to what each service is told. */
import type { Config } from "#lib/config/config";
import type { TlsIdentity } from "#lib/net/transport";
import { type DeliveryConfig, defaultLimits, defaultTimings } from "../delivery/config.ts";
import { defaultEdgeLimits, type EdgeConfig, listenerDefaults } from "../edge/config.ts";

export function edgeConfigOf(config: Config, identity: TlsIdentity): EdgeConfig {
  const { retry } = config.delivery;
  return {
    hostname: config.hostname,
    listeners: config.listeners.map(({ auth, ...listener }) => ({
      ...listenerDefaults(listener.kind),
      ...listener,
      ...(auth === undefined ? {} : { auth }),
    })),
    users: config.users,
    identity,
    limits: { ...defaultEdgeLimits, ...config.limits },
    lifetimeMs: retry.lifetimeMs,
    notificationLifetimeMs: retry.notificationLifetimeMs,
  };
}

/** `routes` is asked at each attempt, since they can be reloaded. */
export function deliveryConfigOf(
  config: Config,
  routes: () => DeliveryConfig["routes"],
): DeliveryConfig {
  const { retry, sessionsMax, sessionsPerDestinationMax, tls, useIpv6 } = config.delivery;
  return {
    hostname: config.hostname,
    shards: config.shards,
    get routes() {
      return routes();
    },
    tls,
    useIpv6,
    mxPort: smtpPort,
    retry,
    limits: {
      ...defaultLimits,
      sessionsMax,
      sessionsPerDestinationMax,
      sessionsPerDestinationFirst: Math.min(
        defaultLimits.sessionsPerDestinationFirst,
        sessionsPerDestinationMax,
      ),
      // All shards are here: together they may take what one worker would for a few.
      shardBytesMax: memoryBytesMax / config.shards,
    },
    timings: {
      ...defaultTimings,
      // Nobody else could have a shard: there is nothing to wait for.
      stableMembershipMs: 0,
    },
  };
}

/** RFC 5321 §4.5.4.2: mail exchangers listen here. */
const smtpPort = 25;
/** Units in memory with their contents, over all shards. */
const memoryBytesMax = 256 * 1024 * 1024;
