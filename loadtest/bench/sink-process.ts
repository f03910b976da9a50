/** A sink in a process of its own, so that it has a core of its own where there is one. */
import { join } from "node:path";
import type { Endpoint } from "#lib/net/transport";

/** What is asked; each is answered once. */
export type Question =
  /** Answered when that has come, or when it has not come in time. */
  | { readonly ask: "reached"; readonly distinct: number; readonly timeoutMs: number }
  /** From now on it does this, in the words of `sink/fault.ts`, and nothing else. */
  | { readonly ask: "misbehave"; readonly words: readonly string[] };

export type Told =
  | { readonly event: "listening"; readonly endpoint: Endpoint }
  | ({ readonly event: "reached" } & Reached);

export interface Reached {
  readonly distinct: number;
  readonly copies: number;
  /** When the last message came that had not come before: milliseconds since the epoch. */
  readonly lastNewAt: number;
  /** Not as they were made: of all with `verdicts`, else of those that were looked at, one in 64. */
  readonly damaged: number;
  /** How often each fault has happened: `reply at rcpt`. */
  readonly faults: Readonly<Record<string, number>>;
}

export class SinkProcess {
  readonly endpoint: Endpoint;
  readonly #child: Bun.Subprocess;
  readonly #told: AsyncQueue;

  static async start(keep: "samples" | "verdicts" = "samples"): Promise<SinkProcess> {
    const told = new AsyncQueue();
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "sink-child.ts"), keep], {
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
    const answer = await this.waited(distinct, timeoutMs);
    if (answer.damaged > 0) throw new Error(`Cannot go on: ${answer.damaged} messages are damaged`);
    if (answer.distinct >= distinct) return answer;
    throw new Error(`Cannot go on: ${answer.distinct} of ${distinct} messages came to the sink`);
  }

  /** The same, whether they come or not. */
  waited(distinct: number, timeoutMs: number): Promise<Reached> {
    return this.#ask({ ask: "reached", distinct, timeoutMs });
  }

  now(): Promise<Reached> {
    return this.waited(0, 0);
  }

  async misbehave(...words: readonly string[]): Promise<void> {
    await this.#ask({ ask: "misbehave", words });
  }

  /** One question at a time. */
  async #ask(question: Question): Promise<Reached> {
    this.#child.send(question);
    const answer = await this.#told.next();
    if (answer.event !== "reached") throw new Error("Cannot understand the sink");
    return answer;
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
