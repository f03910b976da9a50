/** Spans on their way to the collector: many in one post, and no more in memory than a limit. */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Span } from "../tracing.ts";
import type { Posted } from "./collector.ts";

export interface SpanQueueOptions {
  readonly clock: Clock;
  readonly post: (spans: readonly Span[]) => Promise<Posted>;
  /** Spans that were taken, or will never be. */
  readonly ended: (outcome: "exported" | "dropped", spans: number) => void;
}

/** As the SDKs have it. */
export const waitingMax = 2_048;
const batchMax = 512;
const gatherMs = 5_000;

export class SpanQueue {
  readonly #options: SpanQueueOptions;
  #waiting: Span[] = [];
  #cancel: CancelTimer | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  add(span: Span): void {
    if (this.#waiting.length >= waitingMax) {
      this.#options.ended("dropped", 1);
      return;
    }
    this.#waiting.push(span);
    this.#later();
  }

  /** Tries once with all that waits; resolves when that has its answers. */
  async flush(): Promise<void> {
    await this.#running;
    this.#running = this.#postAll();
    await this.#running;
  }

  /** What still waits is lost. */
  close(): void {
    this.#cancel?.();
    if (this.#waiting.length > 0) this.#options.ended("dropped", this.#waiting.length);
    this.#waiting = [];
  }

  #later(): void {
    if (this.#running !== undefined) return;
    this.#cancel ??= this.#options.clock.after(gatherMs, () => {
      this.#running = this.#postAll();
    });
  }

  async #postAll(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    let isTaken = true;
    while (isTaken && this.#waiting.length > 0) isTaken = await this.#postSome();
    this.#running = undefined;
    if (this.#waiting.length > 0) this.#later();
  }

  /** False: the collector is busy, and what was to go waits for another time. */
  async #postSome(): Promise<boolean> {
    const { post, ended } = this.#options;
    const batch = this.#waiting.splice(0, batchMax);
    const posted = await post(batch);
    if (posted === "busy") {
      const room = Math.max(0, waitingMax - this.#waiting.length);
      if (batch.length > room) ended("dropped", batch.length - room);
      this.#waiting.unshift(...batch.slice(batch.length - Math.min(room, batch.length)));
      return false;
    }
    ended(posted === "taken" ? "exported" : "dropped", batch.length);
    return true;
  }
}
