/**
 * Whole workers over a network in memory, whose mail all goes to one provider with limits, more than
 * they allow; each wakes late. Counted where it arrives.
 */
import type { Bus } from "#lib/leases/bus";
import { seededRandom } from "#lib/random";
import { Worker } from "../../../services/delivery/worker.ts";
import { DeliveryBench } from "../delivery/delivery-bench.ts";
import { constantly } from "../delivery/plain-shaping.ts";
import { shapedBy } from "../delivery/shaped.ts";
import { incarnation } from "../records.ts";
import { lateClock } from "./late-clock.ts";
import { SentLog } from "./sent-log.ts";

export interface LimitedWorkersOptions {
  readonly workers: number;
  readonly perSecond: number;
  readonly connections: number;
  /** `own`: each domain has a host of its own, so that no connection serves two. */
  readonly hosts: "own" | "shared";
  /** Of each way, to hosts and among workers. */
  readonly latencyMs: number;
  /** A wake-up comes late by 1 ms to so many. */
  readonly lateMs: number;
}

const domains = 200;
const suffix = "mx.provider.example";
/** Seconds of mail that wait from the beginning, and what comes beside what may go. */
const ahead = 20;
const overload = 1.3;
/** Shards have been shared out by then. */
const settledMs = 40_000;
const feedMs = 100;

export class LimitedWorkers {
  /** Each MAIL, when the host saw it. */
  readonly seen = new SentLog();
  readonly #options: LimitedWorkersOptions;
  readonly #bench: DeliveryBench;
  #accepted = 0;

  static async start(options: LimitedWorkersOptions): Promise<LimitedWorkers> {
    const limited = new LimitedWorkers(options);
    await limited.#start();
    return limited;
  }

  private constructor(options: LimitedWorkersOptions) {
    this.#options = options;
    const shaping = shapedBy(`providers:
  big:
    match: { mx: [.${suffix}] }
    connections: ${options.connections}
    messages: ${options.perSecond}/s
`);
    this.#bench = new DeliveryBench({ config: { shaping: constantly(shaping), shards: 16 } });
  }

  /** Connections at once, at the most. */
  get connectionsMost(): number {
    return this.#bench.mx.sessionsMost;
  }

  /** With more mail coming all the time. */
  async run(seconds: number): Promise<void> {
    const each = (this.#options.perSecond * overload * feedMs) / 1_000;
    for (let n = 0; n < (seconds * 1_000) / feedMs; n++) {
      await this.#accept(Math.ceil(each));
      await this.#bench.clock.advance(feedMs);
    }
  }

  async #start(): Promise<void> {
    const { latencyMs, workers, hosts, perSecond } = this.#options;
    const { clock, mx, resolver } = this.#bench;
    this.#bench.latencyMs = latencyMs;
    mx.script = {
      answer: (command) => {
        if (command.startsWith("MAIL")) this.seen.add(clock.monotonic(), 1);
        return undefined;
      },
    };
    for (let n = 0; n < domains; n++) {
      const exchange = `${hosts === "own" ? `h${n}` : "h"}.${suffix}`;
      resolver.set(`d${n}.example`, "mx", [{ preference: 10, exchange }]);
      resolver.set(exchange, "a", ["192.0.2.1"]);
    }
    const started = Array.from({ length: workers }, (_, n) => this.#worker(n).start());
    await clock.advance(settledMs);
    await Promise.all(started);
    await this.#accept(perSecond * ahead);
  }

  #worker(n: number): Worker {
    const { ports, clock } = this.#bench;
    const late = lateClock(clock, seededRandom(n + 1), this.#options.lateMs);
    const name = incarnation(`w${n}/1`);
    return new Worker(name, { ...ports, clock: late, bus: this.#slow(ports.bus) }, () => {});
  }

  #slow(bus: Bus): Bus {
    const both = async <T>(ask: () => Promise<T>): Promise<T> => {
      await this.#bench.clock.sleep(this.#options.latencyMs);
      const answer = await ask();
      await this.#bench.clock.sleep(this.#options.latencyMs);
      return answer;
    };
    return {
      ask: (shard, request) => both(() => bus.ask(shard, request)),
      askWorker: (name, request) => both(() => bus.askWorker(name, request)),
      askAll: (request) => both(() => bus.askAll(request)),
      serveShard: (shard, handler) => bus.serveShard(shard, handler),
      serveWorker: (worker) => bus.serveWorker(worker),
    };
  }

  async #accept(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await this.#bench.acceptMany(1, `d${this.#accepted % domains}.example`);
      this.#accepted += 1;
    }
  }
}
