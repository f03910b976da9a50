/**
 * Shares the worker's sessions among destinations that have something ready: round robin, so that
 * no destination waits while another takes a second turn. A session goes on with its destination
 * as long as nobody else waits for a session.
 */
import { Fifo } from "#lib/queue/fifo";
import type { DestinationQueue } from "./shard/destination-queue.ts";
import type { QueuedUnit } from "./shard/queued-unit.ts";

/** Attempts one unit to its end; never rejects. */
export type RunUnit = (queue: DestinationQueue, queued: QueuedUnit) => Promise<void>;

/** Why nothing new is started: fenced by our own clock (DESIGN §5), or nothing is recorded (§8). */
export type PauseReason = "tenure" | "journal";

export class Dispatcher {
  readonly #sessionsMax: number;
  readonly #waiting = new Fifo<{ queue: DestinationQueue; run: RunUnit }>();
  readonly #isWaiting = new Set<DestinationQueue>();
  readonly #pausedBy = new Set<PauseReason>();
  #sessions = 0;

  constructor(sessionsMax: number) {
    this.#sessionsMax = sessionsMax;
  }

  get sessions(): number {
    return this.#sessions;
  }

  /** Tells that `queue` may have something to do. Cheap, and may be told too often. */
  offer(queue: DestinationQueue, run: RunUnit): void {
    if (!queue.canStart || this.#isWaiting.has(queue)) return;
    this.#isWaiting.add(queue);
    this.#waiting.push({ queue, run });
    this.#pump();
  }

  /** Starts nothing new as long as there is a reason not to. */
  pause(reason: PauseReason, isPaused: boolean): void {
    if (isPaused) this.#pausedBy.add(reason);
    else this.#pausedBy.delete(reason);
    this.#pump();
  }

  get #isPaused(): boolean {
    return this.#pausedBy.size > 0;
  }

  #pump(): void {
    while (!this.#isPaused && this.#sessions < this.#sessionsMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#isWaiting.delete(next.queue);
      if (!next.queue.canStart) continue;
      this.#sessions += 1;
      next.queue.sessionStarted();
      void this.#runSession(next.queue, next.run);
      this.offer(next.queue, next.run);
    }
  }

  async #runSession(queue: DestinationQueue, run: RunUnit): Promise<void> {
    try {
      while (!this.#isPaused) {
        const queued = queue.take();
        if (queued === undefined) break;
        await run(queue, queued);
        if (this.#waiting.length > 0) break;
      }
    } finally {
      this.#sessions -= 1;
      queue.sessionEnded();
      this.offer(queue, run);
      this.#pump();
    }
  }
}
