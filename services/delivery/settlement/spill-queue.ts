/**
 * What was read and may not be tried now, on its way to the store, in order. Who reads waits for it,
 * so that the store sets the pace; but not for a store that is away: what is read meanwhile stays in
 * memory as long as its shard has room, and other destinations' mail is tried (DESIGN §6).
 */
import type { Clock } from "#lib/clock";
import { Fifo } from "#lib/queue/fifo";
import type { Destination } from "#lib/queue/unit";
import { Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import type { QueuedUnit } from "../shard/queued-unit.ts";

/** Units spilled in one go. */
const batchMax = 500;
/** Longer than a store that gets on takes for a batch. */
const patienceMs = 1_000;

export interface SpillQueuePorts {
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when they are in the store; never, when the shard is lost before. */
  readonly spill: (units: readonly QueuedUnit[]) => Promise<void>;
}

export class SpillQueue {
  readonly #ports: SpillQueuePorts;
  readonly #waiting = new Fifo<QueuedUnit>();
  readonly #eased = new Waiters();
  #isSpilling = false;
  #isOverdue = false;

  constructor(ports: SpillQueuePorts) {
    this.#ports = ports;
  }

  /** The store does not get on with what it was given. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  push(units: readonly QueuedUnit[]): void {
    for (const queued of units) this.#waiting.push(queued);
    if (!this.#isSpilling && this.#waiting.length > 0) void this.#spillAll();
  }

  /** Resolves when none is left, or that takes so long that nobody need wait for it. */
  async eased(): Promise<void> {
    if (this.#isSpilling && !this.#isOverdue) await this.#eased.wait();
  }

  /** Takes out those that are not on their way yet: all, or a destination's. */
  drain(destination?: Destination): QueuedUnit[] {
    const isMeant = ({ unit }: QueuedUnit) => unit.destination === destination;
    return this.#waiting.take((queued) => destination === undefined || isMeant(queued));
  }

  async #spillAll(): Promise<void> {
    this.#isSpilling = true;
    while (this.#waiting.length > 0) await this.#spillSome();
    this.#isSpilling = false;
    this.#eased.wake();
  }

  async #spillSome(): Promise<void> {
    const { clock, log, spill } = this.#ports;
    const batch: QueuedUnit[] = [];
    while (batch.length < batchMax) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      batch.push(next);
    }
    const cancel = clock.after(patienceMs, () => {
      this.#isOverdue = true;
      this.#eased.wake();
    });
    try {
      await spill(batch);
    } catch (error) {
      // A broken promise of our own. They stay unsettled, for the next owner; others go on.
      log.error("spill_broke_off", { units: batch.length, error: String(error) });
    }
    cancel();
    this.#isOverdue = false;
  }
}
