/** A process joins NATS: connected, its streams checked, and watched from then on. */
import type { Clock } from "#lib/clock";
import type { Config, NatsConfig } from "#lib/config/config";
import type { EventSink } from "#lib/events/event-sink";
import type { IdempotencyKeys } from "#lib/idempotency/idempotency";
import type { Bus } from "#lib/leases/bus";
import type { Leases } from "#lib/leases/leases";
import type { Summaries } from "#lib/leases/summaries";
import { connectNats, type NatsLinks } from "#lib/nats/connection";
import { NatsBus } from "#lib/nats/coordination/nats-bus";
import { NatsIdempotencyKeys } from "#lib/nats/coordination/nats-idempotency-keys";
import { NatsLeases } from "#lib/nats/coordination/nats-leases";
import { type JetStreamLog, openJetStreamLog } from "#lib/nats/jetstream-log";
import { NatsSummaries } from "#lib/nats/nats-summaries";
import type { WantedStreams } from "#lib/nats/stream-plan";
import { checkStreams } from "#lib/nats/streams";
import type { Transport } from "#lib/net/transport";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";
import { streamEvents } from "../event-sinks.ts";
import { persistently } from "../persistently.ts";
import type { Readiness } from "../readiness.ts";
import type { Undoing } from "../undoing.ts";
import { natsOptionsOf, wantedStreamsOf } from "./cluster-options.ts";
import { natsReason } from "./nats-reason.ts";
import { watchNats } from "./nats-watches.ts";
import { checkReport, SchemaDiffers } from "./schema-differs.ts";

export interface JoinPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly readiness: Readiness;
  /** Ends the waiting for servers. */
  readonly signal: AbortSignal;
  readonly undoing: Undoing;
}

/** What a process has of NATS. */
export interface NatsSide {
  readonly jetStream: JetStreamLog;
  readonly leases: Leases;
  readonly bus: Bus;
  readonly summaries: Summaries;
  readonly events: EventSink;
  /** An edge may use them. */
  readonly idempotencyKeys: IdempotencyKeys;
}

/**
 * Waits for the servers, and tells why. Rejects when what stands there is not what is needed.
 * @param name of the process, for people
 */
export async function joinNats(
  config: Config,
  { name, nats }: { readonly name: string; readonly nats: NatsConfig },
  ports: JoinPorts,
): Promise<NatsSide> {
  const { readiness, clock, log, signal, undoing } = ports;
  const waits = (error: unknown) =>
    readiness.tell("nats", { reason: natsReason(error), isBlocking: true });
  readiness.expect("nats", "not connected yet");
  const links = await connectNats({
    ...natsOptionsOf(nats, { name, clock, log }),
    signal,
    onFailed: waits,
  });
  undoing.add(() => links.close());
  const wanted = wantedStreamsOf(config, nats);
  const failed = (error: unknown) => {
    if (error instanceof SchemaDiffers) throw error;
    waits(error);
  };
  const persistence = { clock, signal, onFailed: failed };
  await persistently(() => checked(links, wanted), persistence);
  const { shards } = config;
  const { names } = wanted;
  const options = { links, names, shards, clock, log, name };
  const jetStream = await persistently(() => openJetStreamLog(options), persistence);
  undoing.add(() => jetStream.close());
  jetStream.publishability.start();
  const leases = await persistently(
    () => NatsLeases.open({ links, names, clock, log }),
    persistence,
  );
  undoing.add(() => leases.close());
  const idempotencyKeys = await persistently(
    () => NatsIdempotencyKeys.open({ links, names, clock }),
    persistence,
  );
  undoing.add(() => idempotencyKeys.close());
  const bus = new NatsBus({ links, names, leases, clock, log });
  const events = streamEvents(config, { links, names }, ports);
  // Behind whatever tells of mail, and before the connection.
  undoing.add(() => events.close());
  watchNats({ links, names, jetStream, servers: nats.servers }, ports);
  const summaries = new NatsSummaries({ links, names });
  return { jetStream, leases, bus, summaries, events, idempotencyKeys };
}

/** @throws {SchemaDiffers} */
async function checked(links: NatsLinks, wanted: WantedStreams): Promise<void> {
  checkReport("NATS", await checkStreams(links, wanted));
}
