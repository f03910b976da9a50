/** What an edge of a cluster does once it has NATS: it listens. */
import type { Config } from "#lib/config/config";
import type { TlsIdentity } from "#lib/net/transport";
import type { Random } from "#lib/random";
import type { Joined, Work } from "#lib/role/cluster/cluster-role";
import { busRecords } from "#lib/role/records";
import type { Tracing } from "#lib/telemetry/tracing";
import { Edge } from "../edge.ts";
import { makeIdentity } from "../identity.ts";
import { edgeConfigOf } from "./settings.ts";
import { edgeTelemetry } from "./telemetry.ts";

export interface EdgeWorkPorts {
  readonly random: Random;
  readonly tracing: Tracing;
}

export function edgeWork({ random, tracing }: EdgeWorkPorts) {
  return async (joined: Joined): Promise<Work> => {
    const { config, jetStream, bus, events, clock, log, metrics, transport, undoing } = joined;
    const { idempotencyKeys: keys } = joined;
    const ownIdentity = await makeIdentity(config().hostname);
    const told = (next: Config) => edgeConfigOf(next, identityOf(next, ownIdentity));
    const edge = new Edge(told(config()), {
      transport,
      intake: jetStream.intake,
      keys,
      clock,
      random,
      log,
      metrics: edgeTelemetry(metrics),
      events,
      tracing,
    });
    // Sessions end first: what the last of them hand in needs all that stands below.
    undoing.add(() => edge.stop());
    await edge.start();
    return {
      listening: edge.listening,
      records: busRecords({ bus, clock, shards: config().shards }),
      reload: async (next) => edge.reload(told(next)),
    };
  };
}

/** An edge keeps nothing: the pair it makes for itself is another one at each start. */
function identityOf({ tls }: Config, own: TlsIdentity): TlsIdentity {
  return tls ?? own;
}
