/** From the configuration of the file to what the edge is told. */
import type { Config } from "#lib/config/config";
import type { TlsIdentity } from "#lib/net/transport";
import { defaultEdgeLimits, type EdgeConfig, listenerDefaults } from "../config.ts";

export function edgeConfigOf(config: Config, identity: TlsIdentity): EdgeConfig {
  const { retry } = config.delivery;
  const pools = config.delivery.pools.map(({ name }) => name);
  // The file of an edge of a cluster need not have what only delivery needs.
  const isKnown = config.nats === undefined || pools.length > 0;
  return {
    hostname: config.hostname,
    listeners: config.listeners.map(({ auth, mayActAs, ...listener }) => ({
      ...listenerDefaults(listener.kind),
      ...listener,
      ...(auth === undefined ? {} : { auth }),
      ...(mayActAs === undefined ? {} : { mayActAs }),
    })),
    users: config.users,
    identity,
    limits: { ...defaultEdgeLimits, ...config.limits },
    lifetimeMs: retry.lifetimeMs,
    notificationLifetimeMs: retry.notificationLifetimeMs,
    ...(isKnown ? { pools } : {}),
  };
}
