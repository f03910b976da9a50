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
  #isClosed = false;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  add(span: Span): void {
    if (this.#isClosed || this.#waiting.length >= waitingMax) {
      this.#options.ended("dropped", 1);
      return;
    }
    this.#waiting.push(span);
    this.#later();
  }

  /** Tries once with all that waits; resolves when that has its answers. */
  async flush(): Promise<void> {
    await this.#running;
    await this.#run();
  }

  /** What still waits is lost, and what is under way is not tried again. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    if (this.#waiting.length > 0) this.#options.ended("dropped", this.#waiting.length);
    this.#waiting = [];
  }

  #later(): void {
    if (this.#running !== undefined) return;
    this.#cancel ??= this.#options.clock.after(gatherMs, () => void this.#run());
  }

  /** Never rejects. */
  #run(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running ??= this.#postAll().then(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#later();
    });
    return this.#running;
  }

  async #postAll(): Promise<void> {
    let isTaken = true;
    while (isTaken && this.#waiting.length > 0) isTaken = await this.#postSome();
  }

  /** False: the collector is busy, and what was to go waits for another time. */
  async #postSome(): Promise<boolean> {
    const { post, ended } = this.#options;
    const batch = this.#waiting.splice(0, batchMax);
    const posted = await post(batch);
    if (posted === "busy") {
      const room = this.#isClosed ? 0 : waitingMax - this.#waiting.length;
      const kept = batch.slice(Math.max(0, batch.length - room));
      if (kept.length < batch.length) ended("dropped", batch.length - kept.length);
      this.#waiting.unshift(...kept);
      return false;
    }
    ended(posted === "taken" ? "exported" : "dropped", batch.length);
    return true;
  }
}
