/** From the configuration of the file to what the edge is told. */
import type { Config } from "#lib/config/config";
import type { TlsIdentity } from "#lib/net/transport";
import { defaultEdgeLimits, type EdgeConfig, listenerDefaults } from "../config.ts";

export function edgeConfigOf(config: Config, identity: TlsIdentity): EdgeConfig {
  const { retry } = config.delivery;
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
  };
}
