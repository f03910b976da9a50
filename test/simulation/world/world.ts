/** A world made of a plan: one clock, one chance, and everything that mail passes on its way. */
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { MemoryLeases } from "#lib/leases/memory";
import { MemoryBus } from "#lib/leases/memory-bus";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { Endpoint } from "#lib/net/transport";
import { allShards } from "#lib/queue/shard";
import { type Random, seededRandom } from "#lib/random";
import { MemoryStore } from "#lib/store/memory";
import { MemoryStoreState } from "#lib/store/memory-state";
import type { Incarnation } from "#lib/stream/journal";
import { MemoryLog } from "#lib/stream/memory";
import { VirtualClock } from "#lib/virtual-clock";
import { nothingPlanted, type Plant } from "../plants/plant.ts";
import { simulatedDelivery } from "../process/delivery-settings.ts";
import { EdgeProcess, edgePort } from "../process/edge-process.ts";
import { LateWrites } from "../process/late-writes.ts";
import type { SharedSeams } from "../process/observed-seams.ts";
import { WorkerProcess } from "../process/worker-process.ts";
import { Trail } from "../witness/trail.ts";
import { Witness } from "../witness/witness.ts";
import { MailExchanger } from "./mail-exchanger.ts";
import { Operator } from "./operator.ts";
import { Submitter } from "./submitter.ts";
import type { WorldPlan } from "./world-plan.ts";

export class World {
  readonly plan: WorldPlan;
  readonly clock = new VirtualClock();
  readonly trail = new Trail(this.clock);
  readonly resolver: MemoryResolver;
  readonly network: MemoryNetwork;
  readonly store = new MemoryStoreState(this.clock);
  readonly witness: Witness;
  readonly log: MemoryLog;
  readonly edges: readonly EdgeProcess[];
  readonly workers: readonly WorkerProcess[];
  readonly hosts: readonly MailExchanger[];
  readonly submitter: Submitter;
  readonly operator: Operator;
  readonly crashes: string[] = [];
  readonly #random: Random;
  readonly #writers = new Map<string, Incarnation>();
  readonly #sessions = new Map<string, number>();

  readonly #plant: Plant;

  constructor(plan: WorldPlan, plant: Plant = nothingPlanted) {
    this.plan = plan;
    this.#plant = plant;
    const { clock, trail, store } = this;
    this.#random = seededRandom(plan.seed + 0x5eed);
    this.resolver = new MemoryResolver({ clock, latencyMs: () => plan.dnsLatencyMs });
    this.network = new MemoryNetwork(clock, { latencyMs: () => plan.latencyMs });
    const { shards, split, logBytesMax: bytesMax } = plan;
    const log = new MemoryLog({ clock, shards, split, bytesMax });
    const isSplitLater = log.isSplitLater.bind(log);
    this.witness = new Witness({ clock, trail, store, isSplitLater, shardCount: shards });
    this.log = log;
    const { network, witness } = this;
    const seams = {
      clock,
      witness,
      log,
      lateWrites: new LateWrites(),
      store: new MemoryStore({ clock }, store),
      leases: new MemoryLeases({ clock }),
      bus: new MemoryBus({ clock }),
    };
    this.operator = new Operator({ ...seams, trail });
    this.edges = plan.edges.map((name, n) => this.#edge(name, `10.0.0.${n + 1}`, seams));
    this.workers = plan.workers.map((name, n) => this.#worker(name, `10.0.1.${n + 1}`, seams));
    this.hosts = plan.hosts.map(({ name, address }) => this.#host(name, address));
    const edge = () => this.#someEdge();
    this.submitter = new Submitter({ clock, network, witness, trail, edge });
  }

  /** Everything runs, and what the plan says of mail and mail exchangers is set going. */
  async start(): Promise<void> {
    const { destinations, hosts, submissions } = this.plan;
    for (const { domain, hosts: names } of destinations) {
      const records = names.map((exchange, n) => ({ preference: 10 * n, exchange }));
      this.resolver.set(domain, "mx", records);
    }
    for (const [n, { name, address, windows }] of hosts.entries()) {
      this.resolver.set(name, "a", [address]);
      await this.hosts[n]?.start(windows);
    }
    for (const process of [...this.edges, ...this.workers]) process.start();
    for (const submission of submissions) this.submitter.plan(submission);
  }

  /** Faults are over, and none is left behind. */
  heal(): void {
    this.trail.note("healed");
    this.resolver.recover();
    for (const process of [...this.edges, ...this.workers]) process.heal();
    for (const host of this.hosts) host.heal();
    this.operator.releaseAll();
  }

  /** Nothing is under way, waits, or is left over in any queue. */
  get isEmpty(): boolean {
    if (this.submitter.open > 0 || this.log.bytes > 0) return false;
    return this.leftovers.length === 0 && this.witness.ends.withoutEnd.length === 0;
  }

  /** What is still in a queue. */
  get leftovers(): readonly string[] {
    const left: string[] = [];
    if (this.log.bytes > 0) left.push(`log: ${this.log.bytes} bytes`);
    for (const shard of allShards(this.plan.shards)) {
      const units = this.store.list(shard, { limit: 5 }).map(({ unit }) => unit.uid);
      // Rows of units that have left stay until their time has come.
      const rows = this.store.wheel(shard).read({ until: this.clock.now(), limit: 5 });
      const backlogs = this.store.backlog(shard).summaries();
      if (units.length > 0) left.push(`store of shard ${shard}: ${units.join(" ")}`);
      if (rows.length > 0) left.push(`wheel of shard ${shard}: ${rows.map(({ uid }) => uid)}`);
      if (backlogs.length > 0) left.push(`backlog of shard ${shard}: ${JSON.stringify(backlogs)}`);
    }
    return left;
  }

  #edge(name: string, address: string, seams: SharedSeams): EdgeProcess {
    const { rates, lateMsMax, lifetimeMs, submissions } = this.plan;
    const held = new Map(submissions.map((each) => [each.name, each.holdForMs]));
    return new EdgeProcess({
      name,
      address,
      seams,
      network: this.network,
      clock: this.clock,
      random: this.#random,
      rates,
      lateMsMax,
      lifetimeMs,
      // Each try of a client has an ENVID of its own.
      holdForMs: (envid) => held.get(envid.replace(/\.\d+$/, "")),
      trail: this.trail,
      crashed: (what) => void this.crashes.push(what),
    });
  }

  #worker(name: string, address: string, seams: SharedSeams): WorkerProcess {
    const { rates, lateMsMax } = this.plan;
    return new WorkerProcess({
      name,
      address,
      seams,
      config: simulatedDelivery(this.plan),
      network: this.network,
      resolver: this.resolver,
      clock: this.clock,
      random: this.#random,
      rates,
      lateMsMax,
      trail: this.trail,
      plant: this.#plant,
      crashed: (what) => void this.crashes.push(what),
      connected: (by, local, remote) => this.#connected(by, local, remote),
    });
  }

  #host(name: string, address: string): MailExchanger {
    return new MailExchanger(name, address, {
      clock: this.clock,
      random: this.#random,
      network: this.network,
      witness: this.witness,
      writerAt: (remote) => this.#writers.get(placeOf(remote)) ?? ("nobody" as Incarnation),
    });
  }

  #someEdge(): Endpoint {
    const edge = this.edges[this.#random.below(this.edges.length)];
    return { address: edge?.address ?? "", port: edgePort };
  }

  /** Each host is of one destination, so sessions with it are sessions with that. */
  #connected(by: Incarnation, local: Endpoint, remote: Endpoint): () => void {
    this.#writers.set(placeOf(local), by);
    const key = `${by} ${remote.address}`;
    const count = (this.#sessions.get(key) ?? 0) + 1;
    this.#sessions.set(key, count);
    if (count > this.plan.sessionsPerDestinationMax) {
      this.witness.copies.tooManySessions(by, remote.address, count);
    }
    return () => void this.#sessions.set(key, (this.#sessions.get(key) ?? 0) - 1);
  }
}

function placeOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
