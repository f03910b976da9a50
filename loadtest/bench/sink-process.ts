/** A sink in a process of its own, so that it has a core of its own where there is one. */
import { join } from "node:path";
import type { Endpoint } from "#lib/net/transport";

/** What is asked, and what is told once it is so, or when it has not become so in time. */
export interface Question {
  readonly distinct: number;
  readonly timeoutMs: number;
}

export type Told =
  | { readonly event: "listening"; readonly endpoint: Endpoint }
  | {
      readonly event: "reached";
      readonly distinct: number;
      readonly copies: number;
      /** When the last message came that had not come before: milliseconds since the epoch. */
      readonly lastNewAt: number;
      /** Of those that were looked at, one in 64. */
      readonly damaged: number;
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

  /**
   * Resolves when so many different messages have come since the start; rejects when they do not in
   * time.
   */
  async reached(distinct: number, timeoutMs: number): Promise<Reached> {
    this.#child.send({ distinct, timeoutMs } satisfies Question);
    const answer = await this.#told.next();
    if (answer.event !== "reached") throw new Error("Cannot understand the sink");
    if (answer.damaged > 0) throw new Error(`Cannot go on: ${answer.damaged} messages are damaged`);
    if (answer.distinct >= distinct) return answer;
    throw new Error(`Cannot go on: ${answer.distinct} of ${distinct} messages came to the sink`);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
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
