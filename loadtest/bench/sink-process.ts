/** A sink in a process of its own, so that it has a core of its own where there is one. */
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import type { Endpoint } from "#lib/net/transport";

/** What is asked, and what is told once it is so. */
export interface Question {
  readonly distinct: number;
}

export type Told =
  | { readonly event: "listening"; readonly endpoint: Endpoint }
  | {
      readonly event: "reached";
      readonly distinct: number;
      readonly copies: number;
      /** When the last message came that had not come before: milliseconds since the epoch. */
      readonly lastNewAt: number;
    };

export type Reached = Extract<Told, { readonly event: "reached" }>;

export class SinkProcess {
  readonly endpoint: Endpoint;
  readonly #child: Bun.Subprocess;
  readonly #told: AsyncQueue;

  static async start(): Promise<SinkProcess> {
    const told = new AsyncQueue();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "sink-child.ts")], {
      stdin: "ignore",
      stdout: "inherit",
      stderr: "inherit",
      ipc: (message: Told) => told.push(message),
    });
    const first = await told.next();
    if (first.event !== "listening") throw new Error("Cannot start the sink");
    return new SinkProcess(child, told, first.endpoint);
  }

  private constructor(child: Bun.Subprocess, told: AsyncQueue, endpoint: Endpoint) {
    this.#child = child;
    this.#told = told;
    this.endpoint = endpoint;
  }

  /** Resolves when so many different messages have come since the start. */
  async reached(distinct: number, timeoutMs: number): Promise<Reached> {
    this.#child.send({ distinct } satisfies Question);
    const cancel = systemClock.after(timeoutMs, () => this.#child.kill());
    const answer = await Promise.race([this.#told.next(), this.#ended(distinct)]);
    cancel();
    if (answer.event !== "reached") throw new Error("Cannot understand the sink");
    return answer;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  async #ended(distinct: number): Promise<Told> {
    await this.#child.exited;
    throw new Error(`Cannot go on: ${distinct} messages did not reach the sink in time`);
  }
}

class AsyncQueue {
  readonly #messages: Told[] = [];
  #wake: (() => void) | undefined;

  push(message: Told): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  async next(): Promise<Told> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
