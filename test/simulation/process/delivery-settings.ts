/** Delivery on a smaller scale of time: what takes days outside takes minutes here, in the same proportions. */
import {
  type DeliveryConfig,
  defaultLimits,
  defaultTimings,
} from "../../../services/delivery/config.ts";
import { constantly, plainShaping } from "../../support/delivery/plain-shaping.ts";
import type { WorldPlan } from "../world/world-plan.ts";

const second = 1_000;

const reply = {
  greeting: 20 * second,
  ehlo: 20 * second,
  starttls: 20 * second,
  mail: 20 * second,
  rcpt: 20 * second,
  dataInitiation: 20 * second,
  dataBlock: 20 * second,
  dataTermination: 45 * second,
  quit: 2 * second,
} as const;

export function simulatedDelivery(plan: WorldPlan): DeliveryConfig {
  const { shards, sessionsPerDestinationMax: most, readyUnitsMax } = plan;
  return {
    hostname: "edge.example",
    shards,
    routes: [],
    shaping: constantly(plainShaping({ first: Math.min(2, most), max: most })),
    sources: [],
    pools: [],
    tls: "opportunistic",
    useIpv6: false,
    mxPort: 25,
    ownAddresses: [],
    retry: {
      firstMs: 10 * second,
      factor: 2,
      capMs: 60 * second,
      delayNotificationMs: plan.delayNotificationMs,
      notificationLifetimeMs: plan.lifetimeMs,
    },
    suppression: { classes: [], forMs: 90 * 86_400_000, scope: "tenant", notifies: true },
    limits: { ...defaultLimits, readyUnitsMax, sessionsMax: 20 },
    timings: { ...defaultTimings, reply, connectMs: 10 * second },
  };
}
