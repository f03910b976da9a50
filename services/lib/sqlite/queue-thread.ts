/**
 * The embedded queue as the rest of the process sees it: calls to a thread, gathered into batches.
 */
import { Worker } from "node:worker_threads";
import type { CancelTimer, Clock } from "#lib/clock";
import type { Answer, Failure } from "./batch.ts";
import type { Call, OperationName, Operations } from "./tables/operations.ts";
import { UnusableQueue } from "./tables/schema.ts";

export interface QueueOptions {
  /** The database's file. */
  readonly path: string;
  readonly shards: number;
  /** Bytes the queue may take; beyond it mail is refused with 452. */
  readonly bytesMax: number;
  /** Bytes left free on its disk; beyond it mail is refused with 452. */
  readonly freeBytesMin: number;
  readonly bouncesKeptMs: number;
}

export const queueDefaults = {
  bytesMax: Number.POSITIVE_INFINITY,
  freeBytesMin: 64 * 1024 * 1024,
  bouncesKeptMs: 30 * 86_400_000,
} as const;

export type ToThread =
  | { readonly kind: "batch"; readonly calls: readonly Call[] }
  | { readonly kind: "close" };

export type FromThread =
  | { readonly kind: "opened" }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

/** An operation that was not done, or of which nobody knows. */
export class QueueFailure extends Error {
  override readonly name = "QueueFailure";
  /** The name of what went wrong in the thread. */
  readonly reason: string;

  constructor({ name, message }: Failure) {
    super(message);
    this.reason = name;
  }
}

type Arguments<Name extends OperationName> = Parameters<Operations[Name]>;
type Result<Name extends OperationName> = ReturnType<Operations[Name]>;

interface Waiting {
  readonly call: Call;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Bounds what one transaction holds in memory, and how long the others wait for it. */
const batchCallsMax = 1_000;
const batchBytesMax = 32 * 1024 * 1024;
/**
 * Under load a batch waits for company: to wake the thread, and to sync the disk, costs more than a
 * millisecond of everybody's time. A call that comes alone does not wait.
 */
const gatherMs = 1;
/** With so many the batch is worth its sync. */
const companyCalls = 16;
/** The last batch had so many: there is load. */
const loadCalls = 3;

export interface QueueThreadPorts {
  readonly clock: Clock;
  /** The thread has ended by itself, and the process can only end, too. */
  readonly onFailed: (error: Error) => void;
}

export class QueueThread {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onFailed: (error: Error) => void;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #waiting: Waiting[] = [];
  #running: readonly Waiting[] = [];
  #failure: Error | undefined;
  /** Set while a batch is about to be sent. */
  #cancelSend: CancelTimer | undefined;
  #lastBatchCalls = 0;
  #isClosing = false;

  /** @throws {UnusableQueue} */
  static async open(options: QueueOptions, ports: QueueThreadPorts): Promise<QueueThread> {
    const thread = new QueueThread(options, ports);
    await thread.#opened.promise;
    return thread;
  }

  private constructor(options: QueueOptions, { clock, onFailed }: QueueThreadPorts) {
    this.#path = options.path;
    this.#clock = clock;
    this.#onFailed = onFailed;
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData: options });
    this.#worker.on("message", (message: FromThread) => this.#take(message));
    this.#worker.on("error", (error: unknown) => {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on("exit", () => this.#failed(new Error("the queue's thread has ended")));
  }

  /**
   * Resolves when what the operation did is durable.
   * @throws {QueueFailure} it did nothing. Any other error: nobody knows.
   */
  call<Name extends OperationName>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    return new Promise<Result<Name>>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ call: { name, args }, resolve, reject });
      this.#schedule();
    });
  }

  /** Ends in good order: everything called before is done. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#running.length > 0 || this.#waiting.length > 0) await this.call("holds");
    this.#post({ kind: "close" });
    await this.#closed.promise;
    await this.#worker.terminate();
  }

  #schedule(): void {
    if (this.#running.length > 0 || this.#waiting.length === 0) return;
    const isCompany = this.#waiting.length >= companyCalls || this.#isClosing;
    if (isCompany && this.#cancelSend !== undefined) this.#send();
    else if (this.#cancelSend === undefined) this.#cancelSend = this.#sendSoon(isCompany);
  }

  #sendSoon(isCompany: boolean): CancelTimer {
    if (this.#lastBatchCalls >= loadCalls && !isCompany) {
      return this.#clock.after(gatherMs, () => this.#send());
    }
    // What is called in this turn of the event loop shares the commit.
    queueMicrotask(() => {
      if (this.#cancelSend !== undefined) this.#send();
    });
    return () => {};
  }

  #send(): void {
    this.#cancelSend?.();
    this.#cancelSend = undefined;
    if (this.#running.length > 0 || this.#waiting.length === 0) return;
    const batch = this.#nextBatch();
    this.#running = batch;
    this.#lastBatchCalls = batch.length;
    this.#post({ kind: "batch", calls: batch.map(({ call }) => call) });
  }

  #nextBatch(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { call } of this.#waiting) {
      bytes += weight(call);
      if (count > 0 && (count >= batchCallsMax || bytes > batchBytesMax)) break;
      count += 1;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case "opened":
        this.#opened.resolve();
        return;
      case "answers":
        this.#answer(message.answers);
        return;
      case "closed":
        this.#failure = new Error("the queue is closed");
        this.#closed.resolve();
        return;
      case "failed":
        this.#opened.reject(openFailure(message, this.#path));
        // It may hold the lock, and nobody is left to close it.
        this.#isClosing = true;
        void this.#worker.terminate();
        return;
    }
  }

  #answer(answers: readonly Answer[]): void {
    const batch = this.#running;
    this.#running = [];
    // First the next batch, so that the thread works while we do.
    this.#schedule();
    for (const [i, { resolve, reject }] of batch.entries()) {
      const answer = answers[i];
      if (answer === undefined) reject(new Error("the queue's thread gave no answer"));
      else if ("failure" in answer) reject(new QueueFailure(answer.failure));
      else resolve(resultOf(answer));
    }
  }

  #failed(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#opened.reject(error);
    this.#closed.resolve();
    const lost = [...this.#running, ...this.#waiting];
    this.#running = [];
    this.#waiting = [];
    for (const { reject } of lost) reject(error);
    if (!this.#isClosing) this.#onFailed(error);
  }
}

/** The one place where an answer gets the type of its operation back. */
function resultOf(answer: { readonly value: unknown }): never {
  return answer.value as never;
}

function weight({ args }: Call): number {
  const [first] = args;
  if (typeof first !== "object" || first === null || !("content" in first)) return 0;
  return first.content instanceof Uint8Array ? first.content.length : 0;
}

function openFailure({ name, message }: Failure, path: string): Error {
  return name === "UnusableQueue"
    ? new UnusableQueue(message)
    : new QueueFailure({ name, message: `Cannot open queue "${path}": ${message}` });
}
