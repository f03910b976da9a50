/**
 * An edge's configuration for tests: one listener unless told otherwise, on any free port of
 * loopback.
 */
import type { TlsIdentity } from "#lib/net/transport";
import {
  defaultEdgeLimits,
  defaultLifetimeMs,
  defaultNotificationLifetimeMs,
  defaultScheduledMsMax,
  type EdgeConfig,
  type ListenerConfig,
  listenerDefaults,
} from "../../../services/edge/config.ts";

const noIdentity: TlsIdentity = { certificate: "", privateKey: "" };

export function edgeConfig(overrides: Partial<EdgeConfig> = {}): EdgeConfig {
  return {
    hostname: "edge.example",
    listeners: [inboundListener()],
    users: [],
    http: { listeners: [], tokens: [] },
    identity: noIdentity,
    limits: defaultEdgeLimits,
    lifetimeMs: defaultLifetimeMs,
    scheduledMsMax: defaultScheduledMsMax,
    notificationLifetimeMs: defaultNotificationLifetimeMs,
    ...overrides,
  };
}

export function inboundListener(overrides: Partial<ListenerConfig> = {}): ListenerConfig {
  return {
    ...listenerDefaults("inbound"),
    name: "inbound",
    address: "127.0.0.1",
    port: 0,
    localDomains: ["local.example"],
    ...overrides,
  };
}

export function submissionListener(overrides: Partial<ListenerConfig> = {}): ListenerConfig {
  return {
    ...listenerDefaults("submission"),
    name: "submission",
    address: "127.0.0.1",
    port: 0,
    ...overrides,
  };
}
