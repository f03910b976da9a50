/**
 * Whether anything can be published at all: what an edge tells its load balancer. Learnt from what
 * publishes come to, and by asking the streams in turn while nothing is published.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import type { Wire } from "../link.ts";
import type { Fate } from "./persistent-publisher.ts";

export interface PublishState {
  readonly isPublishable: boolean;
  /** Why not, for people. */
  readonly reason?: string;
}

export interface PublishabilityPorts {
  readonly link: Wire;
  readonly manager: { readonly streams: Pick<JetStreamManager["streams"], "info"> };
  readonly clock: Clock;
  readonly log: Log;
  /** All that an edge publishes to. */
  readonly streams: readonly string[];
}

const askEveryMs = 2_000;
/** Streams asked in one turn; those that are bad have all places but one, the others the rest. */
const askedMax = 8;
/** A stream with less room than the largest message refuses some. */
const roomMin = 2 * 1024 * 1024;
/** Of small streams. */
const roomShareMin = 0.02;

type Refusal = Exclude<Fate, { kind: "stored" }>;
const notAsked: Refusal = { kind: "unavailable", reason: "it has not been asked yet" };

export class Publishability {
  readonly #ports: PublishabilityPorts;
  /** Streams that cannot be published to, and why. */
  readonly #bad = new Map<string, Refusal>();
  readonly #listeners = new Set<(state: PublishState) => void>();
  readonly #stopping = new AbortController();
  readonly #stopListening: () => void;
  #running: Promise<void> | undefined;
  #next = 0;
  #told: PublishState = { isPublishable: false };

  constructor(ports: PublishabilityPorts) {
    this.#ports = ports;
    for (const stream of ports.streams) this.#bad.set(stream, notAsked);
    this.#stopListening = ports.link.onDown(() => this.#tell());
  }

  get state(): PublishState {
    const { link, streams } = this.#ports;
    if (!link.isUp) return { isPublishable: false, reason: "there is no connection to NATS" };
    if (this.#bad.size < streams.length) return { isPublishable: true };
    const [first] = this.#bad;
    const reason = `no stream can be published to (${first?.[0]}: ${first?.[1].reason})`;
    return { isPublishable: false, reason };
  }

  /** Streams that cannot be published to now, and why. */
  get bad(): ReadonlyMap<string, string> {
    return new Map([...this.#bad].map(([stream, { reason }]) => [stream, reason]));
  }

  /** Whether it is known to have no room; never while nobody asks whether it has some again. */
  isFull(stream: string): boolean {
    return this.#running !== undefined && this.#bad.get(stream)?.kind === "full";
  }

  /** Calls `listener` at each change; the result ends that. */
  onChange(listener: (state: PublishState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopListening();
    await this.#running;
  }

  /** What a publish came to. */
  learn(stream: string, fate: Fate): void {
    if (fate.kind === "stored") {
      if (this.#bad.size === 0 || !this.#bad.delete(stream)) return;
    } else if (this.#ports.streams.includes(stream)) this.#bad.set(stream, fate);
    this.#tell();
  }

  async #run(): Promise<void> {
    const { clock } = this.#ports;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (this.#ports.link.isUp) await Promise.all(this.#turn().map((name) => this.#ask(name)));
      this.#tell();
      try {
        await clock.sleep(askEveryMs, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Some of the bad ones, and the next of all. */
  #turn(): readonly string[] {
    const { streams } = this.#ports;
    const bad = [...this.#bad.keys()].slice(0, askedMax - 1);
    const next: string[] = [];
    for (let n = 0; n < streams.length && bad.length + next.length < askedMax; n++) {
      const stream = streams[this.#next % streams.length] ?? "";
      this.#next += 1;
      if (!bad.includes(stream)) next.push(stream);
    }
    // Those behind them have their turn later.
    for (const name of bad) {
      const refusal = this.#bad.get(name) ?? notAsked;
      this.#bad.delete(name);
      this.#bad.set(name, refusal);
    }
    return [...next, ...bad];
  }

  async #ask(stream: string): Promise<void> {
    try {
      const { config, state } = await this.#ports.manager.streams.info(stream);
      const needed = Math.min(roomMin, config.max_bytes * roomShareMin);
      const isFull = config.max_bytes >= 0 && state.bytes + needed > config.max_bytes;
      if (isFull) this.#bad.set(stream, { kind: "full", reason: "it is full" });
      else this.#bad.delete(stream);
    } catch (error) {
      const reason = `it does not answer: ${String(error)}`;
      this.#bad.set(stream, { kind: "unavailable", reason });
    }
  }

  #tell(): void {
    const { state } = this;
    if (state.isPublishable === this.#told.isPublishable) return;
    this.#told = state;
    if (state.isPublishable) this.#ports.log.info("intake_publishable");
    else this.#ports.log.error("intake_not_publishable", { reason: state.reason });
    for (const listener of this.#listeners) listener(state);
  }
}
