/** The memory inhabitant of Bus, for several workers and faults between them. */
import type { Clock } from "#lib/clock";
import { betweenFaults, type Faults } from "#lib/faults";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";
import type { Answers, Bus, BusHandler, BusRequest, Json, ServingWorker } from "./bus.ts";
import { LocalBus } from "./local-bus.ts";

export interface MemoryBusOptions {
  readonly clock: Clock;
  readonly faults?: Faults;
}

export class MemoryBus implements Bus {
  readonly #bus: LocalBus;
  readonly #faults: Faults | undefined;

  constructor(options: MemoryBusOptions, bus = new LocalBus(options)) {
    this.#bus = bus;
    this.#faults = options.faults;
  }

  /** The same bus as another process sees it, with faults of its own. */
  view(options: MemoryBusOptions): MemoryBus {
    return new MemoryBus(options, this.#bus);
  }

  ask(shard: Shard, request: BusRequest): Promise<Json> {
    const point = { seam: "bus", operation: "ask", shard } as const;
    return betweenFaults(this.#faults, point, () => this.#bus.ask(shard, request));
  }

  askWorker(name: Incarnation, request: BusRequest): Promise<Json> {
    const point = { seam: "bus", operation: "askWorker" } as const;
    return betweenFaults(this.#faults, point, () => this.#bus.askWorker(name, request));
  }

  askAll(request: BusRequest): Promise<Answers> {
    const point = { seam: "bus", operation: "askAll" } as const;
    return betweenFaults(this.#faults, point, () => this.#bus.askAll(request));
  }

  serveShard(shard: Shard, handler: BusHandler): () => void {
    return this.#bus.serveShard(shard, handler);
  }

  serveWorker(worker: ServingWorker): () => void {
    return this.#bus.serveWorker(worker);
  }
}
