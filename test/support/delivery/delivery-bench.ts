/**
 * One delivery worker over the memory seams, with a mail exchanger, on a clock that a test moves.
 */
import { MemoryResolver } from "#lib/dns/memory-resolver";
import type { Faults } from "#lib/faults";
import { LocalBus } from "#lib/leases/local-bus";
import { MemoryLeases } from "#lib/leases/memory";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { UnitEvent } from "#lib/queue/event";
import { type Destination, queueIdOf, type Unit } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import { MemoryStore } from "#lib/store/memory";
import { MemoryLog } from "#lib/stream/memory";
import type { Log, LogFields } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import {
  type AdminAnswer,
  type AdminArguments,
  type AdminVerb,
  adminRequest,
  readAdminAnswer,
} from "#proto/admin";
import {
  type DeliveryConfig,
  defaultLimits,
  defaultTimings,
} from "../../../services/delivery/config.ts";
import { noMetrics } from "../../../services/delivery/metrics.ts";
import type { DeliveryPorts } from "../../../services/delivery/ports.ts";
import { Worker } from "../../../services/delivery/worker.ts";
import { RecordedEvents } from "../events/recorded-events.ts";
import { nthUid, unitOf } from "../queued.ts";
import { destination, incarnation, path } from "../records.ts";
import { constantly, plainShaping } from "./plain-shaping.ts";
import { ScriptedMx } from "./scripted-mx.ts";

export const epoch = 1_795_000_000_000;
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export const config: DeliveryConfig = {
  hostname: "out.example",
  shards: 1,
  routes: [],
  shaping: constantly(plainShaping()),
  sources: [],
  pools: [],
  tls: "opportunistic",
  useIpv6: false,
  mxPort: 25,
  ownAddresses: [],
  retry: {
    firstMs: 5 * minute,
    factor: 2,
    capMs: 4 * hour,
    delayNotificationMs: 4 * hour,
    notificationLifetimeMs: 2 * day,
  },
  suppression: { classes: [], forMs: 90 * 86_400_000, scope: "tenant", notifies: true },
  limits: defaultLimits,
  timings: { ...defaultTimings, stableMembershipMs: 0 },
};

export interface BenchOptions {
  readonly config?: Partial<DeliveryConfig>;
  readonly storeFaults?: Faults;
  readonly journalFaults?: Faults;
  readonly logBytesMax?: number;
}

const address = "192.0.2.1";
const content = Buffer.from("Subject: hello\r\nFrom: a@source.example\r\n\r\nHello\r\n");

export class DeliveryBench {
  readonly clock = new VirtualClock(epoch);
  /** Of each way. */
  latencyMs = 0;
  readonly network = new MemoryNetwork(this.clock, { latencyMs: () => this.latencyMs });
  readonly mx = new ScriptedMx(this.network, address);
  readonly resolver = new MemoryResolver();
  readonly bus = new LocalBus({ clock: this.clock });
  readonly leases = new MemoryLeases({ clock: this.clock });
  readonly events: (LogFields & { readonly event: string })[] = [];
  /** For senders' systems. */
  readonly recorded = new RecordedEvents();
  readonly store: MemoryStore;
  readonly log: MemoryLog;
  readonly #config: DeliveryConfig;
  readonly #journalFaults: Faults | undefined;
  #worker: Worker;
  #incarnation = 1;
  #n = 0;

  constructor(options: BenchOptions = {}) {
    const { clock } = this;
    const { storeFaults: faults, logBytesMax: bytesMax } = options;
    // As they are: what may be reloaded is read anew each time.
    const given = Object.getOwnPropertyDescriptors(options.config ?? {});
    this.#config = Object.defineProperties({ ...config }, given);
    this.#journalFaults = options.journalFaults;
    this.store = new MemoryStore({ clock, ...(faults === undefined ? {} : { faults }) });
    const { shards } = this.#config;
    this.log = new MemoryLog({ clock, shards, ...(bytesMax === undefined ? {} : { bytesMax }) });
    for (const name of ["source.example", "example.net", "other.example"]) this.serves(name);
    this.resolver.set("mx.example", "a", [address]);
    this.#worker = this.#incarnate();
  }

  get worker(): Worker {
    return this.#worker;
  }

  /** The mail exchanger is this domain's. */
  serves(domain: string): void {
    this.resolver.set(domain, "mx", [{ preference: 10, exchange: "mx.example" }]);
  }

  async start(): Promise<this> {
    const started = this.#worker.start();
    await this.clock.advance(0);
    await started;
    return this;
  }

  /** In good order, and a new incarnation. */
  async restart(): Promise<void> {
    const stopped = this.#worker.stop();
    await this.clock.advance(0);
    await stopped;
    this.#incarnation += 1;
    this.#worker = this.#incarnate();
    await this.start();
  }

  /** One more, beside the bench's own. */
  async join(name: string): Promise<Worker> {
    const worker = this.#incarnate(name);
    const started = worker.start();
    await this.clock.advance(0);
    await started;
    return worker;
  }

  /** Accepts a message with one unit. */
  async accept(unit: Partial<Unit> = {}): Promise<Unit> {
    this.#n += 1;
    const now = this.clock.now();
    const made = unitOf({
      uid: nthUid(this.#n),
      acceptedAt: now,
      expiresAt: now + 5 * day,
      sizeBytes: content.length,
      ...unit,
    });
    const message = { id: queueIdOf(made.uid), units: [made], content, isRepeatable: false };
    await this.log.intake().accept(message);
    return made;
  }

  /** The same for so many, to one destination. */
  async acceptMany(count: number, name = "example.net"): Promise<readonly Unit[]> {
    const units: Unit[] = [];
    for (let n = 0; n < count; n++) {
      const recipients = [{ path: path(`user${n}@${name}`) }];
      units.push(await this.accept({ destination: destination(name), recipients }));
    }
    return units;
  }

  async ask<Verb extends AdminVerb>(
    verb: Verb,
    args: AdminArguments<Verb>,
  ): Promise<AdminAnswer<Verb>> {
    const asked = this.bus.askAll(adminRequest(verb, args));
    await this.clock.advance(0);
    const [answer] = (await asked).answers;
    return readAdminAnswer(verb, answer?.value);
  }

  /** What the journal tells of a unit. */
  async story(unit: Unit): Promise<readonly UnitEvent[]> {
    return await this.log.journal().trace(unit.uid, 1_000);
  }

  /** Notifications that arrived. */
  get notifications() {
    return this.mx.taken.filter(({ reversePath }) => reversePath === "");
  }

  summary(name: string) {
    return this.ask("queue.summary", { destination: named(name) });
  }

  get ports(): DeliveryPorts {
    const { clock, network, resolver, bus, leases, store } = this;
    return {
      config: this.#config,
      intake: this.log.intake(),
      stream: this.log.stream(),
      journal: this.log.journal(this.#journalFaults),
      store,
      leases,
      bus,
      resolver,
      transport: network.transport("192.0.2.99"),
      clock,
      random: seededRandom(1),
      log: this.#recorder(),
      metrics: noMetrics,
      events: this.recorded,
    };
  }

  #incarnate(name = `worker/${this.#incarnation}`): Worker {
    return new Worker(incarnation(name), this.ports, () => {});
  }

  #recorder(): Log {
    const note = (event: string, fields: LogFields = {}) => {
      this.events.push({ ...fields, event });
    };
    return { debug() {}, info: note, warn: note, error: note };
  }
}

export function named(name: string): Destination {
  return destination(name);
}
