/**
 * Fans messages to several destinations out into their shards: any worker may, and each takes as
 * many as it can publish. Acknowledged when all units are there, so that none is forgotten.
 */
import { AckPolicy, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import { Deadlines } from "#lib/deadlines";
import { rejectOnAbort, Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import { bodyHeader } from "#proto/frame";
import type { ClusterNames } from "#proto/subjects";
import type { Wire } from "../link.ts";
import type { Letter, PersistentPublisher } from "../publishing/persistent-publisher.ts";
import { idHeader } from "../publishing/publisher.ts";
import { duplicateWindowMs } from "../stream-plan.ts";
import { fanOut } from "./fan-out.ts";
import type { HandedMessage } from "./handed-message.ts";
import { SplitPull } from "./split-pull.ts";

export interface SplitFeedPorts {
  readonly names: ClusterNames;
  readonly shards: number;
  readonly link: Wire;
  readonly manager: JetStreamManager;
  readonly publisher: Pick<PersistentPublisher, "publish">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Messages being fanned out at once; each may have a mebibyte of content. */
const splitsMax = 32;
const retryMs = 1_000;
/** A worker that is silent for so long is gone, and another one gets its messages. */
const ackWaitMs = 10_000;
/**
 * So a message that takes longer is not given to another one as well: two of three may be lost or
 * late. And what is fanned out twice within the duplicate window is there once.
 */
const keepEveryMs = 3_000;
const keepTickMs = 250;
const ackMaxMs = 5_000;
/** By all workers together. */
const ackPendingMax = 10_000;
/** 10148: it is there, and is not what is asked for. */
const existsCode = 10_148;

export class SplitFeed {
  readonly #ports: SplitFeedPorts;
  readonly #ended = new Waiters();
  readonly #deadlines: Deadlines;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #inFlight = 0;
  #late = 0;
  #poison = 0;
  #done = 0;

  constructor(ports: SplitFeedPorts) {
    this.#ports = ports;
    this.#deadlines = new Deadlines(ports.clock, keepTickMs);
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

  /**
   * Resolves when nothing is being fanned out any more. What was handed to us and is not fanned
   * out, and what is handed to us until the last pull is over, goes to another worker at once.
   */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("it is to stop"));
    await this.#running;
    while (this.#inFlight > 0) await this.#ended.wait();
    if (this.#running !== undefined) await this.#flush();
    this.#running = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { log, clock, link } = this.#ports;
    while (!signal.aborted) {
      try {
        while (!link.isUp) await rejectOnAbort(link.changed.wait(), signal);
        await this.#makeConsumer();
        await this.#pull(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn("split_pull_failed", { error: String(error) });
        await clock.sleep(retryMs);
      }
    }
  }

  /** The same for all workers; whoever comes first makes it. */
  async #makeConsumer(): Promise<void> {
    const { manager, names, log } = this.#ports;
    const times = { ack_wait: nanos(ackWaitMs), max_ack_pending: ackPendingMax };
    try {
      await manager.consumers.add(names.splitStream, {
        durable_name: names.splitConsumer,
        ack_policy: AckPolicy.Explicit,
        max_deliver: -1,
        ...times,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== existsCode) throw error;
      // Made by a version that waited for another time; what is handed out stays so.
      await manager.consumers.update(names.splitStream, names.splitConsumer, times);
      log.info("split_consumer_changed", { ackWaitMs });
    }
  }

  /** Until we are to stop; then the pull that is open comes to its end. */
  async #pull(signal: AbortSignal): Promise<void> {
    const { names } = this.#ports;
    const place = { stream: names.splitStream, consumer: names.splitConsumer };
    const take = (message: HandedMessage) => this.#hand(message, signal);
    const pull = new SplitPull(this.#ports, { ...place, take });
    try {
      while (!signal.aborted) {
        if (this.#inFlight >= splitsMax) await this.#ended.wait();
        else await pull.next(splitsMax - this.#inFlight);
      }
    } finally {
      pull.close();
    }
  }

  #hand(message: HandedMessage, signal: AbortSignal): void {
    if (signal.aborted || this.#inFlight >= splitsMax) message.giveBack();
    else void this.#take(message, signal);
  }

  /** What is given back must have left before the process does. */
  async #flush(): Promise<void> {
    const { link, log } = this.#ports;
    try {
      if (link.isUp) await link.connection.flush();
    } catch (error) {
      log.debug("split_flush_failed", { error: String(error) });
    }
  }

  async #take(message: HandedMessage, signal: AbortSignal): Promise<void> {
    this.#inFlight += 1;
    const working = this.#keep(message);
    try {
      await this.#fanOut(message, signal);
    } catch (error) {
      // Not acknowledged: it comes again.
      this.#ports.log.error("split_failed", { sequence: message.sequence, error: String(error) });
    } finally {
      this.#deadlines.forget(working);
      this.#inFlight -= 1;
      this.#ended.wake();
    }
  }

  async #fanOut(message: HandedMessage, signal: AbortSignal): Promise<void> {
    const { log } = this.#ports;
    const id = message.headers?.get(idHeader) || `split-${message.sequence}`;
    this.#countLate(message, id);
    const body = message.headers?.get(bodyHeader) || undefined;
    const split = { id, data: message.data, ...(body === undefined ? undefined : { body }) };
    const { letters, poison } = fanOut(split, this.#ports);
    for (const reason of poison) log.error("split_undecodable", { id, reason });
    this.#poison += poison.length;
    const sent = await Promise.all(letters.map((letter) => this.#send(letter, signal)));
    if (sent.includes(false)) message.giveBack();
    else {
      await message.settle(ackMaxMs);
      this.#done += 1;
    }
  }

  /** Tells the server from time to time that we are at it. */
  #keep(message: HandedMessage) {
    const { clock } = this.#ports;
    const next = () => clock.monotonic() + keepEveryMs;
    const working = {
      deadline: next(),
      expired: () => {
        message.keep();
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

  #countLate(message: HandedMessage, id: string): void {
    const ageMs = this.#ports.clock.now() - message.storedAt;
    if (!message.isRepeated || ageMs < duplicateWindowMs) return;
    this.#late += 1;
    this.#ports.log.warn("split_late", { id, ageMs });
  }
}
