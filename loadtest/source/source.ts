/**
 * Sends messages over a number of sessions as fast as they are taken, or at a rate; checks every
 * reply, and remembers which messages got a 250.
 */
import { type Clock, systemClock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint, Transport } from "#lib/net/transport";
import { Histogram } from "../histogram.ts";
import { Ledger } from "../ledger.ts";
import type { LoadId } from "../load-id.ts";
import { type Job, type JobOptions, Jobs } from "./job.ts";
import { Pace } from "./pace.ts";
import { type Result, type SessionOptions, SourceSession } from "./session.ts";
import type { SourceSummary } from "./summary.ts";

export interface SourceOptions {
  readonly to: Endpoint;
  readonly job: JobOptions;
  readonly session: SessionOptions;
  readonly sessions: number;
  /** `Infinity`: until it is told to stop. */
  readonly messages: number;
  /** Messages a second in all; undefined: as fast as they are taken. */
  readonly ratePerSecond: number | undefined;
  /** Then the session ends and another begins. */
  readonly messagesPerSession: number;
  /** `always`: a server that dies is waited for, and what was unanswered is unknown. */
  readonly reconnect: "never" | "always";
  readonly replyTimeoutMs: number;
  /** Told of each message before its MAIL is sent. */
  readonly begun?: (id: LoadId) => void;
}

export interface SourcePorts {
  readonly transport: Transport;
  readonly clock: Clock;
}

const connectTimeoutMs = 10_000;
const reconnectMs = 20;

const realPorts = (): SourcePorts => ({ transport: bunTransport(systemClock), clock: systemClock });

export class Source {
  /** Copies that were promised with a 250, by id. */
  readonly promised = new Ledger();
  /** From the final dot to its 250. */
  readonly latency = new Histogram();
  /** With a rate: from when a message was due to its 250. */
  readonly lateness = new Histogram();
  readonly replyTimeoutMs: number;
  readonly #options: SourceOptions;
  readonly #ports: SourcePorts;
  readonly #jobs: Jobs;
  readonly #pace: Pace;
  readonly #deadlines: Deadlines;
  readonly #sessions = new Set<SourceSession>();
  readonly #refused = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #counts = { begun: 0, accepted: 0, unknown: 0, aborted: 0, connects: 0 };
  #connecting = 0;
  #isStopping = false;
  #startedAt = 0;
  #lastAcceptedAt = 0;
  #finished: (() => void) | undefined;
  #changed: (() => void)[] = [];

  constructor(options: SourceOptions, ports: SourcePorts = realPorts()) {
    this.#options = options;
    this.#ports = ports;
    this.replyTimeoutMs = options.replyTimeoutMs;
    this.#jobs = new Jobs(options.job);
    this.#deadlines = new Deadlines(ports.clock);
    this.#pace = new Pace(ports.clock, options.ratePerSecond);
  }

  /** Resolves when all has been sent and answered, or when no session is left. */
  async run(): Promise<SourceSummary> {
    const { sessions, messages } = this.#options;
    this.#startedAt = this.#ports.clock.now();
    this.#pace.start();
    await new Promise<void>((resolve) => {
      this.#finished = resolve;
      for (let i = 0; i < Math.min(sessions, messages); i++) this.#connect();
      if (messages === 0) resolve();
    });
    return this.summary();
  }

  /** What is begun is finished; `run` resolves then. */
  stop(): void {
    this.#isStopping = true;
    this.#pace.stop();
    this.#checkFinished();
  }

  /** Resolves when so many messages have got a 250, or all is over. */
  async accepted(count: number): Promise<void> {
    while (this.#counts.accepted < count && !this.#isOver) {
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  summary(): SourceSummary {
    const elapsedMs = Math.max(0, this.#lastAcceptedAt - this.#startedAt);
    return {
      ...this.#counts,
      refused: Object.fromEntries(this.#refused),
      sessionEnds: Object.fromEntries(this.#ends),
      startedAt: this.#startedAt,
      lastAcceptedAt: this.#lastAcceptedAt,
      acceptedPerSecond: elapsedMs === 0 ? 0 : (this.#counts.accepted * 1_000) / elapsedMs,
      latency: this.latency.percentiles(),
      lateness: this.lateness.percentiles(),
    };
  }

  monotonic(): number {
    return this.#ports.clock.monotonic();
  }

  ready(session: SourceSession): void {
    if (this.#isAllBegun || session.begun >= this.#options.messagesPerSession) session.quit();
    else if (this.#options.ratePerSecond === undefined) this.#begin(session, undefined);
    else this.#pace.next((dueAt) => this.#begin(session, dueAt));
  }

  done(job: Job, result: Result): void {
    if (result.kind === "accepted") this.#accept(job, result);
    else if (result.kind === "refused") count(this.#refused, `${result.code} at ${result.stage}`);
    else this.#counts[result.kind] += 1;
  }

  over(session: SourceSession, why: string | undefined): void {
    this.#deadlines.forget(session);
    this.#sessions.delete(session);
    if (why !== undefined) count(this.#ends, why);
    const isToGoOn = why === undefined || this.#options.reconnect === "always";
    if (!this.#isAllBegun && isToGoOn) {
      if (why === undefined) this.#connect();
      else this.#connectLater();
    }
    this.#checkFinished();
  }

  get #isAllBegun(): boolean {
    return this.#isStopping || this.#counts.begun >= this.#options.messages;
  }

  get #isOver(): boolean {
    return this.#startedAt > 0 && this.#connecting === 0 && this.#sessions.size === 0;
  }

  #begin(session: SourceSession, dueAt: number | undefined): void {
    // While it waited for its turn the session may have ended, or the last message may have begun.
    if (!this.#sessions.has(session)) {
      this.#pace.giveBack();
      return;
    }
    if (this.#isAllBegun) {
      session.quit();
      return;
    }
    const n = this.#counts.begun;
    this.#counts.begun += 1;
    const job = this.#jobs.job(n, dueAt);
    this.#options.begun?.(job.id);
    session.send(job);
  }

  #accept(job: Job, result: { readonly recipients: number; readonly latencyMs: number }): void {
    this.#counts.accepted += 1;
    this.#lastAcceptedAt = this.#ports.clock.now();
    this.promised.add(job.id, result.recipients);
    this.latency.record(result.latencyMs);
    if (job.dueAt !== undefined) this.lateness.record(this.monotonic() - job.dueAt);
    this.#tell();
  }

  #connect(): void {
    this.#connecting += 1;
    this.#counts.connects += 1;
    const { to, session } = this.#options;
    const connected = this.#ports.transport.connect(to, { timeoutMs: connectTimeoutMs }, (it) => {
      this.#connecting -= 1;
      const opened = new SourceSession(it, session, this);
      this.#sessions.add(opened);
      this.#deadlines.watch(opened);
      return opened;
    });
    connected.catch(() => {
      this.#connecting -= 1;
      count(this.#ends, "cannot connect");
      if (this.#options.reconnect === "always" && !this.#isAllBegun) this.#connectLater();
      this.#checkFinished();
    });
  }

  #connectLater(): void {
    this.#connecting += 1;
    this.#ports.clock.after(reconnectMs, () => {
      this.#connecting -= 1;
      if (this.#isAllBegun) this.#checkFinished();
      else this.#connect();
    });
  }

  #checkFinished(): void {
    if (!this.#isOver) return;
    this.#pace.stop();
    this.#tell();
    this.#finished?.();
  }

  #tell(): void {
    if (this.#changed.length === 0) return;
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
