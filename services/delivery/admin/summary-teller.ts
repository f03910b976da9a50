/**
 * Tells each minute what the owned shards have, for operators who ask while this worker does not
 * answer. Only what memory knows: nobody is asked, and nothing is counted by a scan.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Summaries } from "#lib/leases/summaries";
import type { Log } from "#lib/telemetry/log";
import { adminAnswer } from "#proto/admin";
import type { DestinationSummary } from "#proto/operator/destination-summary";
import type { ShardOwner } from "../shard/owner.ts";
import { summaryInMemory } from "./summary.ts";

export interface SummaryTellerPorts {
  readonly owners: () => readonly ShardOwner[];
  readonly summaries: Pick<Summaries, "tell">;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 60_000;
/** Of a shard, those with the most mail: a value in NATS must not grow with the queue. */
const destinationsMax = 500;

export class SummaryTeller {
  readonly #ports: SummaryTellerPorts;
  #cancel: CancelTimer | undefined;
  #telling: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(ports: SummaryTellerPorts) {
    this.#ports = ports;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#ports.clock.after(everyMs, () => {
      this.#telling = this.#tell().then(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#telling;
  }

  /** Never rejects: what could not be told is told in the next minute. */
  async #tell(): Promise<void> {
    const { owners, summaries, clock, log } = this.#ports;
    for (const owner of owners()) {
      const destinations = [...summaryInMemory(owner)].sort(byWaiting).slice(0, destinationsMax);
      const summary = adminAnswer("queue.summary", { destinations });
      try {
        await summaries.tell(owner.shard, { at: clock.now(), summary });
      } catch (error) {
        log.warn("summary_not_told", { shard: owner.shard, error: String(error) });
      }
    }
  }
}

function byWaiting(a: DestinationSummary, b: DestinationSummary): number {
  return waiting(b) - waiting(a);
}

function waiting({ ready, backlog, deferred }: DestinationSummary): number {
  return ready + backlog + deferred;
}
