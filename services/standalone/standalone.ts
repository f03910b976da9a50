/**
 * All of Godwit in one process over the embedded queue: the same edge, delivery and control as in a
 * cluster.
 */
import { join } from "node:path";
import type { Clock } from "#lib/clock";
import type { Config } from "#lib/config/config";
import type { Resolver } from "#lib/dns/resolver";
import type { EventSink } from "#lib/events/event-sink";
import { LocalBus } from "#lib/leases/local-bus";
import type { Endpoint, TlsIdentity, Transport } from "#lib/net/transport";
import type { Random } from "#lib/random";
import { fileEvents } from "#lib/role/event-sinks";
import { machineAddresses } from "#lib/role/machine-addresses";
import { Readiness } from "#lib/role/readiness";
import { storeRecords } from "#lib/role/records";
import { reloaded } from "#lib/role/reloading";
import type { Role } from "#lib/role/role-process";
import { EmbeddedQueue } from "#lib/sqlite/embedded-queue";
import type { Log } from "#lib/telemetry/log";
import type { Metrics } from "#lib/telemetry/metrics";
import type { Tracing } from "#lib/telemetry/tracing";
import { ControlServer } from "../control/server.ts";
import { Delivery } from "../delivery/delivery.ts";
import { deliveryConfigOf } from "../delivery/role/settings.ts";
import { deliveryTelemetry, observeDelivery } from "../delivery/role/telemetry.ts";
import type { Listening } from "../edge/edge.ts";
import { selfSignedIdentity } from "../edge/identity.ts";
import { edgeConfigOf } from "../edge/role/settings.ts";
import { edgeTelemetry } from "../edge/role/telemetry.ts";
import type { EdgeHost, HostEdge } from "./edge-host.ts";

export interface StandalonePorts {
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: nothing is traced. */
  readonly tracing?: Tracing;
  readonly hostEdge: HostEdge;
  /** The queue has broken: the process can only end, and be started again. */
  readonly onFailed: (error: Error) => void;
  readonly onStarted?: (standalone: Standalone) => void;
}

interface Parts {
  readonly queue: EmbeddedQueue;
  readonly delivery: Delivery;
  readonly edge: EdgeHost;
  readonly control: ControlServer;
  readonly events: EventSink;
}

export class Standalone implements Role {
  readonly #parts: Parts;
  readonly #log: Log;
  readonly #readiness: Readiness;
  readonly #onStarted: (standalone: Standalone) => void;
  #config: Config;
  #controlAt: Endpoint;
  #stopped: Promise<void> | undefined;

  /** Opens the queue; nothing listens yet. Rejects when the queue cannot be used. */
  static async open(config: Config, ports: StandalonePorts): Promise<Standalone> {
    const { clock, log, onFailed } = ports;
    const { shards } = config;
    const identity = await identityOf(config);
    const queue = await EmbeddedQueue.open({
      folder: join(config.data, "queue"),
      shards,
      bouncesKeptMs: config.bounces.keptMs,
      clock,
      log,
      onFailed,
    });
    const readiness = new Readiness(ports);
    const { store, journal, leases, log: stream } = queue;
    const bus = new LocalBus({ clock });
    const records = storeRecords(store);
    const events = fileEvents(config, ports);
    const operators = { shards, bus, records, journal, leases, stream, events };
    const control = await ControlServer.open(config.control, {
      ...ports,
      operators: () => operators,
      reasons: () => readiness.reasons,
      makesToken: true,
    });
    const opened = { queue, identity, control, readiness, bus, events };
    return new Standalone(config, { ...ports, ...opened });
  }

  private constructor(config: Config, ports: StandalonePorts & Opened) {
    this.#config = config;
    this.#log = ports.log;
    this.#onStarted = ports.onStarted ?? (() => {});
    this.#readiness = ports.readiness;
    this.#controlAt = config.control;
    this.#parts = this.#assemble(ports);
    this.#readiness.expect("process", "starting");
  }

  get listening(): readonly Listening[] {
    return this.#parts.edge.listening;
  }

  /** Where the control API really listens. */
  get controlAt(): Endpoint {
    return this.#controlAt;
  }

  /**
   * What was left in the queue is on its way before new mail is taken. Rejects, with all stopped,
   * when a place cannot be had.
   */
  async start(): Promise<void> {
    const { delivery, edge, control } = this.#parts;
    try {
      this.#controlAt = control.start();
      await delivery.start();
      await edge.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#readiness.tell("process");
    this.#onStarted(this);
  }

  /**
   * Certificates, users, routes, limits of the edge, what listeners demand; the log tells what else
   * needs a restart.
   */
  async reload(next: Config): Promise<void> {
    const { config, restartKeys } = reloaded(this.#config, next);
    const identity = await identityOf(config);
    this.#config = config;
    if (restartKeys.length > 0) this.#log.warn("reload_needs_restart", { keys: restartKeys });
    this.#parts.delivery.shapingChanged();
    await this.#parts.edge.reload(edgeConfigOf(config, identity));
  }

  /** Sessions and attempts finish within their limits; everything else stays in the queue. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#readiness.expect("process", "stopping");
    const { edge, delivery, control, events, queue } = this.#parts;
    // What the last sessions hand in is still taken up, or waits in the queue.
    await edge.stop();
    await delivery.stop();
    await control.stop();
    await events.close();
    await queue.close();
  }

  #assemble({ queue, identity, bus, control, ...ports }: StandalonePorts & Opened): Parts {
    const { metrics } = ports;
    const { store, journal, leases, log: stream } = queue;
    const config = this.#config;
    const delivery = new Delivery(config.hostname, {
      ...ports,
      config: deliveryConfigOf(config, {
        routes: () => this.#config.routes,
        egress: () => this.#config.delivery,
        shaping: () => this.#config.shaping,
        machineAddresses: machineAddresses(),
        isAlone: true,
      }),
      intake: stream,
      stream,
      journal,
      store,
      leases,
      bus,
      metrics: deliveryTelemetry(metrics),
    });
    observeDelivery(metrics, delivery, ports.clock);
    const { suppressions } = delivery;
    const isRefused = config.suppression.submission === "refuse";
    const edge = ports.hostEdge(edgeConfigOf(config, identity), {
      intake: stream,
      keys: queue.idempotencyKeys,
      metrics: edgeTelemetry(metrics),
      events: ports.events,
      ...(ports.tracing === undefined ? {} : { tracing: ports.tracing }),
      ...(isRefused ? { suppressed: suppressions.has.bind(suppressions) } : {}),
    });
    return { queue, delivery, edge, control, events: ports.events };
  }
}

interface Opened {
  readonly queue: EmbeddedQueue;
  readonly identity: TlsIdentity;
  readonly control: ControlServer;
  readonly readiness: Readiness;
  readonly bus: LocalBus;
  readonly events: EventSink;
}

/** The configured pair, or one made at the first start. */
async function identityOf({ tls, data, hostname }: Config): Promise<TlsIdentity> {
  return tls ?? (await selfSignedIdentity(data, hostname));
}
