/**
 * One life of a simulated process: it runs, stands still (SIGSTOP) and goes on, or is gone for good.
 *
 *   running ⇄ paused; running | paused → dead
 *
 * What a process asks of the world is answered only while it runs: an answer for a paused one waits,
 * one for a dead one never comes. Timers of a paused process fire when it goes on.
 */
import { type CancelTimer, type Clock, sleepOn } from "#lib/clock";

export class ProcessLife {
  readonly clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";

  constructor(clock: Clock) {
    this.clock = gatedClock(clock, this);
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isPaused(): boolean {
    return this.#state === "paused";
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** What came meanwhile is taken in the order in which it came. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    while (this.#state === "running") {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      task();
    }
  }

  kill(): void {
    this.#state = "dead";
    this.#waiting.length = 0;
  }

  /** Does `task` as soon as the process runs; never, once it is dead. */
  do(task: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "running" && this.#waiting.length === 0) task();
    else this.#waiting.push(task);
  }

  /** The answer as the process gets it. */
  answer<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.do(() => resolve(value)),
        (error: unknown) => this.do(() => reject(error)),
      );
    });
  }
}

function gatedClock(clock: Clock, life: ProcessLife): Clock {
  const gated: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(delayMs, task): CancelTimer {
      let isCancelled = false;
      const cancel = clock.after(delayMs, () => {
        life.do(() => {
          if (!isCancelled) task();
        });
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
    sleep: (delayMs, signal) => sleepOn(gated, delayMs, signal),
  };
  return gated;
}
