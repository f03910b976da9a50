/** A delivery worker as a process: started, killed, paused, stopped in good order, and started again. */
import type { Clock } from "#lib/clock";
import type { Resolver } from "#lib/dns/resolver";
import { noEvents } from "#lib/events/event-sink";
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Endpoint } from "#lib/net/transport";
import { type Random, seededRandom } from "#lib/random";
import type { Incarnation } from "#lib/stream/journal";
import { MemorySplitFeed } from "#lib/stream/memory-split";
import type { Log, LogFields } from "#lib/telemetry/log";
import type { DeliveryConfig } from "../../../services/delivery/config.ts";
import { noMetrics } from "../../../services/delivery/metrics.ts";
import { KnownSuppressions } from "../../../services/delivery/suppression/known-suppressions.ts";
import { Worker } from "../../../services/delivery/worker.ts";
import type { Plant } from "../plants/plant.ts";
import type { Trail } from "../witness/trail.ts";
import { DrawnFaults, type FaultRates } from "./drawn-faults.ts";
import { GatedTransport } from "./gated-transport.ts";
import { type SharedSeams, seamsFor } from "./observed-seams.ts";
import { ProcessLife } from "./process-life.ts";

/** Between the end of an incarnation and the start of the next. */
const restartMs = 1_000;

export interface WorkerProcessOptions {
  readonly name: string;
  readonly address: string;
  readonly config: DeliveryConfig;
  readonly seams: SharedSeams;
  readonly network: MemoryNetwork;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly rates: FaultRates;
  readonly lateMsMax: number;
  readonly trail: Trail;
  /** Something that must never be in a log was in one. */
  readonly crashed: (what: string) => void;
  /** A bug, for a test that shows that it is seen. */
  readonly plant: Plant;
  /** A session begins; the result ends it. */
  readonly connected: (by: Incarnation, local: Endpoint, remote: Endpoint) => () => void;
}

interface Life {
  readonly process: ProcessLife;
  readonly faults: DrawnFaults;
  /** The process's, as `Delivery` has it: they outlive an incarnation. */
  readonly suppressions: KnownSuppressions;
  me: Incarnation;
  worker: Worker;
  splitFeed: MemorySplitFeed;
}

export class WorkerProcess {
  readonly name: string;
  readonly #options: WorkerProcessOptions;
  #life: Life | undefined;
  #isHealed = false;
  #incarnations = 0;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get faults(): DrawnFaults | undefined {
    return this.#life?.faults;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { clock, random, rates, lateMsMax } = this.#options;
    const process = new ProcessLife(clock);
    const faults = new DrawnFaults({ clock, random, life: process, rates, lateMsMax });
    if (this.#isHealed) faults.heal();
    this.#life = this.#incarnate(process, faults);
  }

  /** kill -9: whatever it awaited never comes, and its connections break. */
  kill(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { trail, network, address, seams } = this.#options;
    trail.note(`killed ${life.me}`);
    life.process.kill();
    seams.witness.standing.over(life.me);
    network.crashHost(address);
    this.#life = undefined;
  }

  /** SIGTERM; resolves when it is gone. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#options.trail.note(`stopping ${life.me}`);
    await life.splitFeed.stop();
    await life.worker.stop();
    this.#options.trail.note(`stopped ${life.me}`);
    if (this.#life === life) this.kill();
  }

  pause(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#options.trail.note(`paused ${life.me}`);
    life.process.pause();
    this.#options.seams.witness.paused(life.me);
  }

  resume(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#options.trail.note(`resumed ${life.me}`);
    this.#options.seams.witness.standing.resumed(life.me);
    life.process.resume();
  }

  /** What is sent to it is lost to it for now, an answer that it waits for as well. */
  isolate(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { trail, network, address, seams } = this.#options;
    trail.note(`isolated ${life.me}`);
    network.blackhole(address);
    seams.witness.paused(life.me);
  }

  rejoin(): void {
    const { network, address, seams } = this.#options;
    seams.witness.standing.networkIsBack();
    network.accept(address);
    if (this.#life !== undefined) seams.witness.standing.resumed(this.#life.me);
  }

  /** Faults are over: it runs, and goes on running. */
  heal(): void {
    this.#isHealed = true;
    this.faults?.heal();
    this.rejoin();
    if (this.#life?.process.isPaused) this.resume();
    this.start();
  }

  #incarnate(process: ProcessLife, faults: DrawnFaults, earlier?: Life): Life {
    const { name, trail, seams } = this.#options;
    this.#incarnations += 1;
    const me = `${name}/${this.#incarnations}` as Incarnation;
    trail.note(`started ${me}`);
    const known = earlier?.worker.known;
    if (known?.holds !== undefined) seams.witness.holds.inherited(me, known.holds);
    const ownPorts = this.#ports(me, process, faults);
    const suppressions =
      earlier?.suppressions ??
      new KnownSuppressions({
        ...ownPorts,
        list: ownPorts.store.suppressions,
        retryMs: ownPorts.config.timings.storeRetryMs,
      });
    const ports = { ...ownPorts, suppressions };
    const splitFeed = new MemorySplitFeed(ports);
    const worker = new Worker(me, ports, () => {
      void splitFeed.stop();
      this.#sealed(process, faults);
    });
    splitFeed.start();
    worker.start(known).catch((error: unknown) => {
      this.#options.crashed(`start: ${String(error)}`);
    });
    return { process, faults, suppressions, me, worker, splitFeed };
  }

  /** The process lives on; its next incarnation is another worker to everybody, and begins with its holds. */
  #sealed(process: ProcessLife, faults: DrawnFaults): void {
    process.clock.after(restartMs, () => {
      if (this.#life?.process !== process) return;
      this.#life = this.#incarnate(process, faults, this.#life);
    });
  }

  #ports(me: Incarnation, life: ProcessLife, faults: DrawnFaults) {
    const { config, seams, network, address, resolver, connected, plant } = this.#options;
    return {
      config,
      ...plant(seamsFor(seams, faults, me), seams),
      resolver: gatedResolver(resolver, life),
      transport: new GatedTransport({
        transport: network.transport(address),
        life,
        connected: (local, remote) => connected(me, local, remote),
      }),
      clock: life.clock,
      random: seededRandom(this.#options.random.below(2 ** 31)),
      log: this.#log(me),
      metrics: noMetrics,
      events: noEvents,
    };
  }

  #log(me: Incarnation): Log {
    const { trail, crashed, seams } = this.#options;
    const say = (event: string, fields: LogFields = {}) => {
      const text = `${me} ${event} ${JSON.stringify(fields)}`;
      trail.note(text);
      const { uid, duration_ms: durationMs } = fields;
      if (event === "attempt" && typeof uid === "string" && typeof durationMs === "number") {
        seams.witness.attempted(me, uid, durationMs);
      }
      // A broken promise between our own parts, or a fault that no type saw.
      if (/Assertion failed|(Type|Reference|Range)Error/.test(text)) crashed(text);
    };
    return { debug: () => {}, info: say, warn: say, error: say };
  }
}

function gatedResolver(resolver: Resolver, life: ProcessLife): Resolver {
  return {
    mx: (domain) => life.answer(resolver.mx(domain)),
    a: (host) => life.answer(resolver.a(host)),
    aaaa: (host) => life.answer(resolver.aaaa(host)),
    txt: (name) => life.answer(resolver.txt(name)),
  };
}
