/** Delivery as a process has it: one incarnation of the worker after another, until it is stopped. */
import { shippedClassifier } from "#lib/bounces/shipped-rules";
import { makeQueueId } from "#lib/queue/queue-id";
import { incarnationOf } from "#lib/stream/journal";
import type { DeliveryPorts } from "./ports.ts";
import { KnownSuppressions } from "./suppression/known-suppressions.ts";
import { Worker } from "./worker.ts";

export class Delivery {
  readonly #name: string;
  readonly #ports: DeliveryPorts;
  /** Outlives an incarnation: it is read once, and holds though the store may be away later. */
  readonly suppressions: KnownSuppressions;
  #worker: Worker | undefined;
  #isStopping = false;
  #starting: Promise<void> = Promise.resolve();

  /** `name` is the worker's, the same after a restart: its host's or pod's. */
  constructor(name: string, ports: DeliveryPorts) {
    const { config, store } = ports;
    const { storeRetryMs: retryMs } = config.timings;
    this.#name = name;
    // Read now, which takes a while: later the first bounce would hold up all mail for it.
    shippedClassifier();
    this.suppressions = new KnownSuppressions({ ...ports, list: store.suppressions, retryMs });
    this.#ports = { ...ports, suppressions: this.suppressions };
  }

  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** Resolves when the first round of claims is through. */
  start(): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    const { clock, random } = this.#ports;
    const me = incarnationOf(this.#name, makeQueueId(clock.now(), random));
    const earlier = this.#worker?.known;
    const worker = new Worker(me, this.#ports, () => this.#lost());
    this.#worker = worker;
    this.#starting = worker.start(earlier);
    return this.#starting;
  }

  /** What the configuration says of limits is another now. */
  shapingChanged(): void {
    this.#worker?.shapingChanged();
  }

  /** Running attempts finish, and the shards are given back. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    // Before its start is through, too: that may wait for a store that is away.
    await Promise.all([this.#worker?.stop(), this.#starting.catch(() => {})]);
    this.suppressions.stop();
  }

  /** What the old incarnation knew is of no use but for what binds it: the new one takes over as from a stranger. */
  #lost(): void {
    const { log, clock, config } = this.#ports;
    this.start().catch((error: unknown) => {
      log.error("worker_start_failed", { error: String(error) });
      clock.after(config.timings.storeRetryMs, () => this.#lost());
    });
  }
}
