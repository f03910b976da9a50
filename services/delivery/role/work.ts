/** What a delivery worker of a cluster does once it has NATS. */
import type { Resolver } from "#lib/dns/resolver";
import type { Random } from "#lib/random";
import { joinCassandra } from "#lib/role/cluster/cassandra-side";
import type { Joined, Work } from "#lib/role/cluster/cluster-role";
import { machineAddresses } from "#lib/role/machine-addresses";
import { storeRecords } from "#lib/role/records";
import type { Tracing } from "#lib/telemetry/tracing";
import { SummaryTeller } from "../admin/summary-teller.ts";
import { Delivery } from "../delivery.ts";
import { deliveryConfigOf } from "./settings.ts";
import { deliveryTelemetry, observeDelivery } from "./telemetry.ts";

export interface DeliveryWorkPorts {
  readonly random: Random;
  readonly resolver: Resolver;
  readonly tracing: Tracing;
}

export function deliveryWork({ random, resolver, tracing }: DeliveryWorkPorts) {
  return async (joined: Joined): Promise<Work> => {
    const { config, jetStream, leases, bus, summaries, events, undoing } = joined;
    const { clock, log, metrics, transport } = joined;
    const { cassandra, shards, bounces, delivery: settings } = config();
    if (cassandra === undefined)
      throw new Error("Cannot keep what waits: cassandra is not configured");
    // Needs no store: others deliver what this one fans out.
    jetStream.splitFeed.start();
    const store = await joinCassandra(cassandra, {
      ...joined,
      shards,
      bouncesKeptMs: bounces.keptMs,
    });
    const { intake, stream, journal } = jetStream;
    const surroundings = {
      routes: () => config().routes,
      egress: () => config().delivery,
      shaping: () => config().shaping,
      machineAddresses: machineAddresses(),
    };
    const delivery = new Delivery(settings.name, {
      config: deliveryConfigOf(config(), { ...surroundings, isAlone: false }),
      ...{ intake, stream, journal, store, leases, bus },
      ...{ resolver, transport, clock, random, log, events, tracing },
      metrics: deliveryTelemetry(metrics),
    });
    observeDelivery(metrics, delivery, clock);
    const teller = new SummaryTeller({
      owners: () => delivery.worker?.owners ?? [],
      ...{ summaries, clock, log },
    });
    undoing.add(() => delivery.stop());
    undoing.add(() => teller.stop());
    await delivery.start();
    teller.start();
    const reload = async () => delivery.shapingChanged();
    return { records: storeRecords(store), reload };
  };
}
