/**
 * Shares the worker's sessions among destinations that have something ready: round robin, so that
 * no destination waits while another takes a second turn. A session goes on with its destination
 * as long as nobody else waits for a session.
 */
import { Fifo } from "#lib/queue/fifo";
import type { DestinationQueue } from "./destination/destination-queue.ts";

/** Of a shard, for its destinations. */
export interface Departures<Departure> {
  /** Undefined: nothing may go now; what may go later offers its destination again. */
  next(queue: DestinationQueue): Departure | undefined;
  /** Attempts one unit to its end; never rejects. */
  run(queue: DestinationQueue, departure: Departure): Promise<void>;
}

interface Waiting<Departure> {
  readonly queue: DestinationQueue;
  readonly departures: Departures<Departure>;
}

/** Why nothing new is started: fenced by our own clock (DESIGN §5), or nothing is recorded (§8). */
export type PauseReason = "tenure" | "journal";

export class Dispatcher<Departure = unknown> {
  readonly #sessionsMax: number;
  readonly #waiting = new Fifo<Waiting<Departure>>();
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
  offer(queue: DestinationQueue, departures: Departures<Departure>): void {
    if (!queue.canStart || this.#isWaiting.has(queue)) return;
    this.#isWaiting.add(queue);
    this.#waiting.push({ queue, departures });
    this.#pump();
  }

  /** Starts nothing new as long as there is a reason not to. */
  pause(reason: PauseReason, isPaused: boolean): void {
    if (isPaused) this.#pausedBy.add(reason);
    else this.#pausedBy.delete(reason);
    this.#pump();
  }

  /** What keeps it from starting anything at all. */
  get standstill(): "paused" | "sessions" | undefined {
    if (this.#isPaused) return "paused";
    return this.#sessions < this.#sessionsMax ? undefined : "sessions";
  }

  get #isPaused(): boolean {
    return this.#pausedBy.size > 0;
  }

  #pump(): void {
    while (!this.#isPaused && this.#sessions < this.#sessionsMax) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      const { queue, departures } = waiting;
      this.#isWaiting.delete(queue);
      const first = queue.canStart ? departures.next(queue) : undefined;
      if (first === undefined) continue;
      this.#sessions += 1;
      queue.sessionStarted();
      void this.#runSession(waiting, first);
      this.offer(queue, departures);
    }
  }

  async #runSession({ queue, departures }: Waiting<Departure>, first: Departure): Promise<void> {
    try {
      for (let departure: Departure | undefined = first; departure !== undefined; ) {
        try {
          await departures.run(queue, departure);
        } finally {
          queue.sessionEnded();
        }
        const goesOn = !this.#isPaused && this.#waiting.length === 0 && queue.canStart;
        departure = goesOn ? departures.next(queue) : undefined;
        if (departure !== undefined) queue.sessionStarted();
      }
    } finally {
      this.#sessions -= 1;
      this.offer(queue, departures);
      this.#pump();
    }
  }
}
