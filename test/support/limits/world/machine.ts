/** A worker as far as limits go: it owns shards, sends what there is to send, and has sessions. */
import type { Clock } from "#lib/clock";
import type { Bus, BusHandler } from "#lib/leases/bus";
import type { Lease, Member } from "#lib/leases/leases";
import type { Permit } from "#lib/limits/acquire";
import type { CountedLimit } from "#lib/limits/limit";
import type { Shard } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Incarnation } from "#lib/stream/journal";
import { silentLog } from "#lib/telemetry/log";
import { WorkerLimits } from "../../../../services/delivery/limits/worker-limits.ts";
import { noMetrics } from "../../../../services/delivery/metrics.ts";
import { Tenure } from "../../../../services/delivery/tenure.ts";
import { ProcessLife } from "../../../simulation/process/process-life.ts";
import { Lane } from "./lane.ts";

export interface MachineOptions {
  readonly me: Incarnation;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly shards: number;
  readonly members: () => Promise<readonly Member[]>;
  /** What all share, and what each shard has for itself. */
  readonly rate: CountedLimit;
  readonly connections: CountedLimit;
  readonly own: CountedLimit;
  readonly perSecond: number;
  readonly sent: (limit: "rate" | Shard) => void;
  readonly opened: () => void;
}

const arriveMs = 100;
const dropAfterMs = 22_000;
const beatMs = 3_000;

export class Machine {
  readonly me: Incarnation;
  readonly life: ProcessLife;
  readonly limits: WorkerLimits;
  readonly owned = new Map<Shard, { readonly lane: Lane; readonly unserve: () => void }>();
  readonly #options: MachineOptions;
  readonly #bus: Bus;
  readonly #tenure: Tenure;
  readonly #rate: Lane;
  readonly #sessions: Lane;
  readonly #unserve: () => void;
  #open = 0;
  #isOver = false;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.me = options.me;
    this.life = new ProcessLife(options.clock);
    const { clock } = this.life;
    this.#bus = this.#gated(options.bus);
    this.#tenure = new Tenure(clock, dropAfterMs);
    this.limits = new WorkerLimits({
      closeIdle: () => {},
      me: this.me,
      config: { shards: options.shards },
      bus: this.#bus,
      leases: { members: () => this.life.answer(options.members()) },
      tenure: this.#tenure,
      clock,
      log: silentLog,
      metrics: noMetrics,
    });
    this.#unserve = this.#bus.serveWorker({
      name: this.me,
      shards: () => [...this.owned.keys()],
      handler: this.limits.handler(nothingElse),
    });
    const to = { provider: "p", destination: "d" };
    this.#rate = this.#lane({ messages: 1 }, this.limits.bind(0 as Shard, [options.rate], to), () =>
      options.sent("rate"),
    );
    const connections = this.limits.bind(0 as Shard, [options.connections], to);
    this.#sessions = this.#lane({ connections: 1 }, connections, (permit) => this.#session(permit));
    this.#beat();
    this.#arrive();
  }

  get open(): number {
    return this.#open;
  }

  /** Nothing of it counts any more: it is dead, or was taken for dead. */
  get isOver(): boolean {
    return this.#isOver || this.#tenure.isExpired;
  }

  own(shard: Shard, lease: Lease | undefined): void {
    const { limits } = this;
    limits.open(shard, lease);
    const unserve = this.#bus.serveShard(shard, limits.handler(nothingElse, shard));
    const bound = limits.bind(shard, [this.#options.own], { destination: `d${shard}` });
    const lane = this.#lane({ messages: 1 }, bound, () => this.#options.sent(shard));
    this.owned.set(shard, { lane, unserve });
  }

  /** In good order. */
  handOver(shard: Shard): Uint8Array | undefined {
    this.limits.leave(shard);
    const told = this.limits.handOver(shard);
    this.owned.get(shard)?.unserve();
    this.owned.delete(shard);
    return told;
  }

  /** Its sessions end with it. */
  end(): void {
    this.#isOver = true;
    this.life.kill();
    this.limits.stop();
    this.#unserve();
    for (const { unserve } of this.owned.values()) unserve();
    this.owned.clear();
    this.#open = 0;
  }

  #lane(
    demand: { messages?: number; connections?: number },
    bound: ReturnType<WorkerLimits["bind"]>,
    went: (permit: Permit) => void,
  ) {
    return new Lane({ limits: this.limits, bound, demand, went });
  }

  #beat(): void {
    const { clock } = this.life;
    if (this.isOver) return;
    this.#tenure.heard(clock.monotonic());
    clock.after(beatMs, () => this.#beat());
  }

  #arrive(): void {
    if (this.isOver) return;
    const count = (this.#options.perSecond * arriveMs) / 1_000;
    this.#rate.came(count);
    this.#sessions.came(count / 10);
    for (const { lane } of this.owned.values()) lane.came(count);
    this.life.clock.after(arriveMs, () => this.#arrive());
  }

  /** One transaction after the other, until there is nothing to send or it is one too many. */
  #session(permit: Permit): void {
    this.#open += 1;
    this.#options.opened();
    this.#transaction(permit);
  }

  #transaction(permit: Permit): void {
    const { random } = this.#options;
    this.life.clock.after(50 + random.below(1_000), () => {
      if (this.isOver) return;
      if (random.next() < 0.8 && !this.limits.excess(permit)) return this.#transaction(permit);
      this.#open -= 1;
      this.limits.release(permit);
    });
  }

  /** What it asks and is asked waits while it stands still, and is lost when it is dead. */
  #gated(bus: Bus): Bus {
    const { life } = this;
    const gated =
      (handler: BusHandler): BusHandler =>
      (request) =>
        new Promise((resolve, reject) => {
          life.do(() => void handler(request).then(resolve, reject));
        });
    return {
      ask: (shard, request) => life.answer(bus.ask(shard, request)),
      askWorker: (name, request) => life.answer(bus.askWorker(name, request)),
      askAll: (request) => life.answer(bus.askAll(request)),
      serveShard: (shard, handler) => bus.serveShard(shard, gated(handler)),
      serveWorker: (worker) => bus.serveWorker({ ...worker, handler: gated(worker.handler) }),
    };
  }
}

const nothingElse: BusHandler = async ({ verb }) => {
  throw new Error(`nobody asks "${verb}" here`);
};
