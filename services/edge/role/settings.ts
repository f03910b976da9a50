/** From the configuration of the file to what the edge is told. */
import type { Config } from "#lib/config/config";
import type { TlsIdentity } from "#lib/net/transport";
import {
  defaultEdgeLimits,
  type EdgeConfig,
  type ListenerConfig,
  listenerDefaults,
} from "../config.ts";

export function edgeConfigOf(config: Config, identity: TlsIdentity): EdgeConfig {
  const { retry } = config.delivery;
  const pools = config.delivery.pools.map(({ name }) => name);
  // The file of an edge of a cluster need not have what only delivery needs.
  const isKnown = config.nats === undefined || pools.length > 0;
  return {
    hostname: config.hostname,
    listeners: config.listeners.flatMap(smtpListener),
    users: config.users,
    http: { listeners: config.listeners.filter(isHttp), tokens: config.tokens },
    identity,
    limits: { ...defaultEdgeLimits, ...config.limits },
    lifetimeMs: retry.lifetimeMs,
    scheduledMsMax: config.scheduling.upToMs,
    notificationLifetimeMs: retry.notificationLifetimeMs,
    ...(isKnown ? { pools } : {}),
  };
}

type Written = Config["listeners"][number];

function smtpListener({ auth, mayActAs, ...listener }: Written): ListenerConfig[] {
  const { kind } = listener;
  if (kind === "http") return [];
  return [
    {
      ...listenerDefaults(kind),
      ...listener,
      kind,
      ...(auth === undefined ? {} : { auth }),
      ...(mayActAs === undefined ? {} : { mayActAs }),
    },
  ];
}

function isHttp({ kind }: Written): boolean {
  return kind === "http";
}
