/**
 * Fans messages to several destinations out into their shards: any worker may, and each takes as
 * many as it can publish. Acknowledged when all units are there, so that none is forgotten.
 */
import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import { bodyHeader } from "#proto/frame";
import type { ClusterNames } from "#proto/subjects";
import type { Letter, PersistentPublisher } from "../publishing/persistent-publisher.ts";
import { idHeader } from "../publishing/publisher.ts";
import { duplicateWindowMs } from "../stream-plan.ts";
import { fanOut } from "./fan-out.ts";

export interface SplitFeedPorts {
  readonly names: ClusterNames;
  readonly shards: number;
  readonly manager: JetStreamManager;
  readonly publisher: PersistentPublisher;
  readonly clock: Clock;
  readonly log: Log;
}

/** Messages being fanned out at once; each may have a mebibyte of content. */
const splitsMax = 32;
const pullMs = 5_000;
const retryMs = 1_000;
/** A worker that is silent for so long is gone, and another one gets its messages. */
const ackWaitMs = 30_000;
/** So a message that takes longer is not given to another one as well. */
const workingEveryMs = 10_000;
const ackMaxMs = 5_000;
/** By all workers together. */
const ackPendingMax = 10_000;

export class SplitFeed {
  readonly #ports: SplitFeedPorts;
  readonly #ended = new Waiters();
  readonly #deadlines: Deadlines;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #messages: ConsumerMessages | undefined;
  #inFlight = 0;
  #late = 0;
  #poison = 0;
  #done = 0;

  constructor(ports: SplitFeedPorts) {
    this.#ports = ports;
    this.#deadlines = new Deadlines(ports.clock);
  }

  get figures() {
    return {
      inFlight: this.#inFlight,
      /** Fanned out completely. */
      done: this.#done,
      /** Repeated after longer than the streams remember ids: its units may be there twice. */
      late: this.#late,
      /** Units and messages that nobody could read; sent on to be parked. */
      poison: this.#poison,
    };
  }

  start(): void {
    if (this.#running !== undefined) return;
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Resolves when nothing is being fanned out any more; what is unfinished goes to another worker. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#messages?.stop();
    await this.#running;
    this.#running = undefined;
    while (this.#inFlight > 0) await this.#ended.wait();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#ports;
    let consumer: Consumer | undefined;
    while (!signal.aborted) {
      try {
        consumer ??= await this.#consumer();
        while (this.#inFlight >= splitsMax) await this.#ended.wait();
        if (!signal.aborted) await this.#pull(consumer, signal);
      } catch (error) {
        if (signal.aborted) return;
        consumer = undefined;
        log.warn("split_pull_failed", { error: String(error) });
        await clock.sleep(retryMs);
      }
    }
  }

  /** The same for all workers; whoever comes first makes it. */
  async #consumer(): Promise<Consumer> {
    const { manager, names } = this.#ports;
    await manager.consumers.add(names.splitStream, {
      durable_name: names.splitConsumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: ackPendingMax,
      max_deliver: -1,
    });
    return manager.jetstream().consumers.get(names.splitStream, names.splitConsumer);
  }

  async #pull(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const max = splitsMax - this.#inFlight;
    const messages = await consumer.fetch({ max_messages: max, expires: pullMs });
    this.#messages = messages;
    for await (const message of messages) {
      if (signal.aborted) message.nak();
      else void this.#take(message, signal);
    }
  }

  async #take(message: JsMsg, signal: AbortSignal): Promise<void> {
    this.#inFlight += 1;
    const working = this.#keep(message);
    try {
      await this.#fanOut(message, signal);
    } catch (error) {
      // Not acknowledged: it comes again.
      this.#ports.log.error("split_failed", { sequence: message.seq, error: String(error) });
    } finally {
      this.#deadlines.forget(working);
      this.#inFlight -= 1;
      this.#ended.wake();
    }
  }

  async #fanOut(message: JsMsg, signal: AbortSignal): Promise<void> {
    const { log } = this.#ports;
    const id = message.headers?.get(idHeader) || `split-${message.seq}`;
    this.#countLate(message, id);
    const body = message.headers?.get(bodyHeader) || undefined;
    const split = { id, data: message.data, ...(body === undefined ? undefined : { body }) };
    const { letters, poison } = fanOut(split, this.#ports);
    for (const reason of poison) log.error("split_undecodable", { id, reason });
    this.#poison += poison.length;
    const sent = await Promise.all(letters.map((letter) => this.#send(letter, signal)));
    if (sent.includes(false)) message.nak();
    else {
      await message.ackAck({ timeout: ackMaxMs });
      this.#done += 1;
    }
  }

  /** Tells the server from time to time that we are at it. */
  #keep(message: JsMsg) {
    const { clock } = this.#ports;
    const next = () => clock.monotonic() + workingEveryMs;
    const working = {
      deadline: next(),
      expired: () => {
        message.working();
        working.deadline = next();
      },
    };
    this.#deadlines.watch(working);
    return working;
  }

  /** Until it is there; false when we are to stop. */
  async #send(letter: Letter, signal: AbortSignal): Promise<boolean> {
    const { publisher, log, clock } = this.#ports;
    for (;;) {
      const fate = await publisher.publish(letter);
      if (fate.kind === "stored") return true;
      if (signal.aborted) return false;
      log.warn("split_waits", { uid: letter.id, stream: letter.stream, reason: fate.reason });
      await clock.sleep(retryMs);
    }
  }

  #countLate(message: JsMsg, id: string): void {
    const ageMs = this.#ports.clock.now() - message.time.getTime();
    if (!message.redelivered || ageMs < duplicateWindowMs) return;
    this.#late += 1;
    this.#ports.log.warn("split_late", { id, ageMs });
  }
}
