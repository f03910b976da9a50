/** One unit in a session's hands: from the queue to its settlement, and what its destination learns from it. */
import { retryInterval } from "#lib/queue/schedule";
import { queueIdOf, type Shard } from "#lib/queue/unit";
import type { AttemptReport } from "../attempt/attempt.ts";
import type { WorkerPorts } from "../ports.ts";
import type { DestinationQueue } from "./destination-queue.ts";
import type { QueuedUnit } from "./queued-unit.ts";
import type { Settlement } from "./settlement.ts";

export interface UnitRunPorts
  extends Pick<
    WorkerPorts,
    "attempts" | "clock" | "config" | "log" | "metrics" | "pool" | "random" | "store" | "stream"
  > {
  readonly shard: Shard;
  readonly settlement: Settlement;
  readonly isOver: () => boolean;
  /** The destination may go on, with what is ready or with its backlog. */
  readonly goOn: (queue: DestinationQueue) => void;
  readonly close: (queue: DestinationQueue) => void;
  readonly reopen: (queue: DestinationQueue) => void;
  readonly offer: (units: readonly QueuedUnit[]) => void;
  readonly contentMissing: (queued: QueuedUnit) => Promise<void>;
}

export class UnitRun {
  readonly #ports: UnitRunPorts;

  constructor(ports: UnitRunPorts) {
    this.#ports = ports;
  }

  /** Never rejects. */
  readonly run = async (queue: DestinationQueue, queued: QueuedUnit): Promise<void> => {
    const { clock, log, config, settlement, isOver } = this.#ports;
    try {
      if (isOver()) return;
      if (queued.isCancelled) return await settlement.cancelled([queued]);
      await this.#attempt(queue, queued);
    } catch (error) {
      // Unknown is transient: it is tried again, from where it was.
      log.error("attempt_broke_off", { uid: queued.unit.uid, error: String(error) });
      clock.after(config.timings.storeRetryMs, () => this.#ports.offer([queued]));
    }
  };

  async #attempt(queue: DestinationQueue, queued: QueuedUnit): Promise<void> {
    const { clock, attempts, settlement, isOver, goOn } = this.#ports;
    const content = await this.#content(queued);
    if (content === undefined) return this.#ports.contentMissing(queued);
    // Only now: the store may have taken its time.
    if (queued.unit.expiresAt <= clock.now()) return settlement.expired(queued);
    const startedAt = clock.monotonic();
    const report = await attempts.attempt(queued.unit, content);
    if (isOver()) return;
    const isDown = this.#feedback(queue, report, startedAt);
    settlement.attempted(queued, report, isDown);
    goOn(queue);
  }

  #content(queued: QueuedUnit): Promise<Uint8Array | undefined> | Uint8Array {
    const { origin, unit } = queued;
    const id = queueIdOf(unit.uid);
    if (origin.kind === "store") return this.#ports.store.content(id);
    return origin.content ?? this.#ports.stream.content(id);
  }

  /** Tells the destination how it went; true when that leaves it down. */
  #feedback(queue: DestinationQueue, report: AttemptReport, startedAt: number): boolean {
    const failure = report.outcomes.find((outcome) => outcome.kind === "transient");
    const isHostFailure = report.outcomes.every(
      (o) => o.kind === "transient" && (o.scope === "host" || o.scope === "destination"),
    );
    if (!isHostFailure || failure === undefined) {
      queue.succeeded();
      return false;
    }
    const failures = queue.failed(startedAt);
    if (failures === 0) return false;
    if (queue.down === undefined) this.#goDown(queue, failure.reason, failures);
    return true;
  }

  #goDown(queue: DestinationQueue, reason: string, failures: number): void {
    const { clock, random, config, pool, log, metrics, close, reopen } = this.#ports;
    const until = clock.now() + retryInterval(failures, config.retry, random);
    queue.goDown(reason, until, () => reopen(queue));
    pool.close(queue.destination);
    close(queue);
    metrics.destinationDown();
    const { destination } = queue;
    log.warn("destination_down", { destination, reason, until: new Date(until).toISOString() });
  }
}
