/**
 * Messages with several units in memory, as a work queue of a cluster has them: any worker takes one,
 * adds its units to the shards' logs, and acknowledges it. What is not acknowledged in time, another
 * takes.
 */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { Message, QueueId } from "#lib/queue/unit";
import type { Log } from "#lib/telemetry/log";
import { Waiters } from "./waiters.ts";

/** As long as one worker has for one message. */
const acknowledgedMs = 30_000;
const retryMs = 1_000;

interface Waiting {
  readonly message: Message;
  /** On the monotonic clock: until then somebody is at work on it. */
  takenUntil: number;
}

export class SplitQueue {
  readonly #clock: Clock;
  readonly #waiting = new Map<QueueId, Waiting>();
  readonly #added = new Waiters();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(message: Message): void {
    this.#waiting.set(message.id, { message, takenUntil: 0 });
    this.#added.wake();
  }

  /** The oldest that nobody is at work on; undefined when a while has passed without any. */
  async take(signal: AbortSignal): Promise<Message | undefined> {
    const free = this.#free();
    if (free !== undefined) return free;
    await Promise.race([this.#added.wait(), this.#clock.sleep(acknowledgedMs, signal)]);
    return this.#free();
  }

  /** True when it was there. */
  acknowledge(id: QueueId): boolean {
    return this.#waiting.delete(id);
  }

  #free(): Message | undefined {
    const now = this.#clock.monotonic();
    for (const waiting of this.#waiting.values()) {
      if (waiting.takenUntil > now) continue;
      waiting.takenUntil = now + acknowledgedMs;
      return waiting.message;
    }
    return undefined;
  }
}

/** What a worker does with messages of several units; each call is one request to the cluster. */
export interface Splitting {
  take(signal: AbortSignal): Promise<Message | undefined>;
  /** Adds the message's unit to its shard's log; false when it was added lately, and is there. */
  publish(message: Message, index: number): Promise<boolean>;
  acknowledge(message: Message): Promise<void>;
}

export interface MemorySplitFeedPorts {
  readonly splitting: Splitting;
  readonly clock: Clock;
  readonly log: Log;
}

/** Splits messages as long as it runs, one after the other. */
export class MemorySplitFeed {
  readonly #ports: MemorySplitFeedPorts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(ports: MemorySplitFeedPorts) {
    this.#ports = ports;
  }

  start(): void {
    assert(this.#running === undefined, "a feed is started once");
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the feed is stopped"));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { splitting, clock, log } = this.#ports;
    while (!signal.aborted) {
      try {
        const message = await splitting.take(signal);
        if (message !== undefined) await this.#split(message);
      } catch (error) {
        if (signal.aborted) return;
        log.error("split_failed", { error: String(error) });
        await clock.sleep(retryMs, signal).catch(() => {});
      }
    }
  }

  /** Broken off anywhere, it is begun anew by whoever takes it next. */
  async #split(message: Message): Promise<void> {
    for (let index = 0; index < message.units.length; index++) {
      await this.#ports.splitting.publish(message, index);
    }
    await this.#ports.splitting.acknowledge(message);
  }
}
