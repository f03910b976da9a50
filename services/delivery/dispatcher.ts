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
  /**
   * Attempts one unit to its end; never rejects. When all of it is sent `sent` is called, which may
   * take what is `next` over the same connection and begin it (ADR 0021).
   */
  run(queue: DestinationQueue, departure: Departure, sent: Sent<Departure>): Promise<void>;
}

export type Sent<Departure> = (next: () => Departure | undefined) => void;

/** A unit in a session's hands. */
interface Run<Departure> {
  readonly over: Promise<void>;
  /** What followed it, begun already; it has the session next. */
  readonly follower: () => Run<Departure> | undefined;
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

  async #runSession(waiting: Waiting<Departure>, first: Departure): Promise<void> {
    const { queue, departures } = waiting;
    try {
      for (let run: Run<Departure> | undefined = this.#begin(waiting, first); run; ) {
        try {
          await run.over;
        } finally {
          queue.sessionEnded();
        }
        run = run.follower() ?? this.#beginNext(waiting);
        if (run !== undefined) queue.sessionStarted();
      }
    } finally {
      this.#sessions -= 1;
      this.offer(queue, departures);
      this.#pump();
    }
  }

  #beginNext(waiting: Waiting<Departure>): Run<Departure> | undefined {
    const { queue, departures } = waiting;
    const departure = this.#mayGoOn && queue.canStart ? departures.next(queue) : undefined;
    return departure && this.#begin(waiting, departure);
  }

  #begin(waiting: Waiting<Departure>, departure: Departure): Run<Departure> {
    const { queue, departures } = waiting;
    let follower: Run<Departure> | undefined;
    const over = departures.run(queue, departure, (next) => {
      if (follower !== undefined || !this.#mayGoOn || !queue.canFollow) return;
      const following = next();
      if (following !== undefined) follower = this.#begin(waiting, following);
    });
    return { over, follower: () => follower };
  }

  get #mayGoOn(): boolean {
    return !this.#isPaused && this.#waiting.length === 0;
  }
}
