/**
 * The edge in a thread of its own, as the rest of the process sees it.
 *
 * new → running → stopping → ended; a thread that ends by itself leads from anywhere to ended.
 */
import { Worker } from "node:worker_threads";
import { assert } from "#lib/assert";
import type { IdempotencyKeys } from "#lib/idempotency/idempotency";
import type { LogLevel } from "#lib/telemetry/json-log";
import type { EventKind } from "#proto/event-record";
import type { EdgeConfig } from "../../edge/config.ts";
import type { Listening } from "../../edge/edge.ts";
import type { EdgeMetrics } from "../../edge/metrics.ts";
import type { EdgeHost, EdgeHostPorts, HostEdge } from "../edge-host.ts";
import { type CrossingError, crossing, errorFrom } from "./crossing-error.ts";
import { unpacked } from "./packed.ts";
import type {
  Answer,
  Counted,
  EdgeThreadData,
  FromEdge,
  HandedIn,
  KeyAnswer,
  KeyCall,
  KeyQuestion,
  ToEdge,
  Told,
} from "./protocol.ts";

/** What is seen of a thread from outside. */
export interface EdgeWorker {
  postMessage(message: ToEdge): void;
  on(event: "message", listener: (message: FromEdge) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: () => void): unknown;
  terminate(): Promise<unknown>;
}

export interface EdgeThreadOptions {
  readonly logLevel: LogLevel;
  /** Those that somebody wants. */
  readonly eventKinds: readonly EventKind[];
  /** The share of messages that it traces; without it none. */
  readonly traces?: number;
  /** Takes lines of the thread's log: the process has one writer. */
  readonly write: (line: string) => void;
  /** The thread has ended by itself, and the process can only end, too. */
  readonly onFailed: (error: Error) => void;
  /** Default: the real one. */
  readonly spawn?: (data: EdgeThreadData) => EdgeWorker;
}

type Wait = PromiseWithResolvers<void>;

export function edgeInThread(options: EdgeThreadOptions): HostEdge {
  return (config, ports) => new EdgeThread(config, { ...options, ...ports });
}

function spawnThread(workerData: EdgeThreadData): EdgeWorker {
  return new Worker(new URL("./thread.ts", import.meta.url), { workerData });
}

export class EdgeThread implements EdgeHost {
  readonly #ports: EdgeThreadOptions & EdgeHostPorts;
  readonly #started: Wait = Promise.withResolvers();
  readonly #ended: Wait = Promise.withResolvers();
  #config: EdgeConfig;
  #state: "new" | "running" | "stopping" | "ended" = "new";
  #worker: EdgeWorker | undefined;
  #listening: readonly Listening[] = [];
  /** In the order of the questions. */
  #reloads: Wait[] = [];
  #answers: Answer[] = [];
  #stopped: Promise<void> | undefined;

  constructor(config: EdgeConfig, ports: EdgeThreadOptions & EdgeHostPorts) {
    assert(ports.suppressed === undefined, "who asks at each RCPT is in the main thread");
    this.#config = config;
    this.#ports = ports;
  }

  get listening(): readonly Listening[] {
    return this.#listening;
  }

  async start(): Promise<void> {
    if (this.#state !== "new") return;
    this.#state = "running";
    const { spawn = spawnThread, logLevel, eventKinds: kinds, events, traces = 0 } = this.#ports;
    const { keys } = this.#ports;
    const worker = spawn({
      config: this.#config,
      logLevel,
      events: { node: events.node, kinds },
      traces,
      ...(keys === undefined ? {} : { messagesAreRepeatable: keys.messagesAreRepeatable }),
    });
    this.#worker = worker;
    worker.on("message", (message) => this.#take(message));
    worker.on("error", (error) => {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on("exit", () => this.#failed(new Error("the edge's thread has ended")));
    await this.#started.promise;
  }

  async reload(config: EdgeConfig): Promise<void> {
    this.#config = config;
    if (this.#state !== "running") return;
    const reload: Wait = Promise.withResolvers();
    this.#reloads.push(reload);
    this.#worker?.postMessage({ kind: "reload", config });
    await reload.promise;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (this.#state === "running") {
      this.#worker?.postMessage({ kind: "stop" });
      this.#state = "stopping";
      await this.#ended.promise;
    }
    this.#state = "ended";
    await this.#worker?.terminate();
  }

  #take(message: FromEdge): void {
    switch (message.kind) {
      case "started":
        this.#listening = message.listening;
        this.#started.resolve();
        return;
      case "notStarted":
        // It has left nothing behind.
        this.#end(errorFrom(message.error));
        return;
      case "told":
        this.#hear(unpacked(message.packed));
        return;
      case "keyAsked":
        void this.#askKeys(message.question);
        return;
      case "reloaded":
        settle(this.#reloads.shift(), message.error);
        return;
      case "stopped":
        this.#end(new Error("the edge is stopped"));
        return;
    }
  }

  #hear({ handedIn, lines, counted, events, spans }: Told): void {
    for (const one of handedIn) void this.#accept(one);
    const { write, metrics, events: sink, tracing } = this.#ports;
    for (const line of lines) write(line);
    for (const one of counted) count(metrics, one);
    for (const record of events) sink.emit(record.kind, () => record);
    for (const span of spans) tracing?.end(span);
  }

  /** Its answer goes with those of its turn: the queue commits many at once. */
  async #accept({ n, message }: HandedIn): Promise<void> {
    const answer = await this.#accepted(n, message);
    this.#answers.push(answer);
    if (this.#answers.length === 1) queueMicrotask(() => this.#answer());
  }

  async #accepted(n: number, message: HandedIn["message"]): Promise<Answer> {
    try {
      await this.#ports.intake.accept(message);
      return { n };
    } catch (error) {
      return { n, error: crossing(error) };
    }
  }

  async #askKeys({ n, call }: KeyQuestion): Promise<void> {
    const answer = await this.#keyAnswer(n, call);
    if (this.#state !== "ended") this.#worker?.postMessage({ kind: "keyAnswered", answer });
  }

  async #keyAnswer(n: number, call: KeyCall): Promise<KeyAnswer> {
    try {
      return { n, ...(await answerOf(this.#ports.keys, call)) };
    } catch (error) {
      return { n, error: crossing(error) };
    }
  }

  #answer(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.#state !== "ended") this.#worker?.postMessage({ kind: "answers", answers });
  }

  #failed(error: Error): void {
    if (this.#state === "ended") return;
    this.#end(error);
    this.#ports.onFailed(error);
  }

  /** Nobody waits for the thread any more; `why` is for those who expected more of it. */
  #end(why: Error): void {
    this.#state = "ended";
    this.#started.reject(why);
    for (const reload of this.#reloads.splice(0)) reload.reject(why);
    this.#ended.resolve();
  }
}

function count(metrics: EdgeMetrics, [name, ...args]: Counted): void {
  Reflect.apply(metrics[name], metrics, args);
}

async function answerOf(
  keys: IdempotencyKeys | undefined,
  call: KeyCall,
): Promise<Pick<KeyAnswer, "beginning">> {
  assert(keys !== undefined, "whoever asks for keys was told that there are some");
  if (call[0] === "begin") {
    const [, tenant, key, fingerprint, uid] = call;
    return { beginning: await keys.begin(tenant, key, fingerprint, uid) };
  }
  const [name, tenant, key, bytes] = call;
  await keys[name](tenant, key, bytes);
  return {};
}

function settle(waiting: Wait | undefined, error: CrossingError | undefined): void {
  if (error === undefined) waiting?.resolve();
  else waiting?.reject(errorFrom(error));
}
