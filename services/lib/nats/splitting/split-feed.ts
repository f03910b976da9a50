/**
 * Fans messages to several destinations out into their shards: any worker may, and each takes as
 * many as it can publish. Acknowledged when all units are there, so that none is forgotten.
 *
 * A shard that takes nothing keeps only its own mail. One that was being fanned out when that showed
 * waits here, and which of its units are out already is written down: again later they might be there
 * twice. Those that come then are given back untouched, to come again later.
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
import type { DoneUnits, FanOutProgress } from "./fan-out-progress.ts";
import type { HandedMessage } from "./handed-message.ts";
import { type Refused, ShutStreams } from "./shut-streams.ts";
import { SplitPull } from "./split-pull.ts";

export interface SplitFeedPorts {
  readonly names: ClusterNames;
  readonly shards: number;
  readonly link: Wire;
  readonly manager: JetStreamManager;
  readonly publisher: Pick<PersistentPublisher, "publish">;
  readonly progress: Pick<FanOutProgress, "of" | "remember">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Messages being fanned out at once; each may have a mebibyte of content. */
const splitsMax = 32;
/** Beside these: messages that only wait for shards that take nothing. */
const waitingMax = { count: 256, bytes: 64 * 1024 * 1024 } as const;
/** Before a message that was given back untouched comes again, with each time longer. */
const againMs = { first: 5_000, cap: 60_000 } as const;
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
/** By all workers together; those that were given back to come again later count. */
const ackPendingMax = 10_000;
/** 10148: it is there, and is not what is asked for. */
const existsCode = 10_148;

/** A message in our hands. */
interface Handled {
  /** With what its units weigh, each with the content. */
  bytes: number;
  /** Units that are not in their shards yet … */
  left: number;
  /** … and of these, those whose shards take nothing. */
  waiting: number;
  /** Units that are there, by their places. */
  readonly done: Set<number>;
  /** So many of them are written down. */
  remembered: number;
  isRemembering: boolean;
}

const nothingDone: DoneUnits = new Set();

/** Whose units are being sent; without an id of its own nothing is written down of it. */
interface Fanning {
  readonly id: string | undefined;
  readonly signal: AbortSignal;
}

/** All that is left of it is for shards that take nothing. */
function isWaiting({ left, waiting }: Handled): boolean {
  return left > 0 && left === waiting;
}

export class SplitFeed {
  readonly #ports: SplitFeedPorts;
  readonly #shut: ShutStreams;
  readonly #handled = new Set<Handled>();
  /** Woken when another may be taken. */
  readonly #ended = new Waiters();
  readonly #deadlines: Deadlines;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #late = 0;
  #poison = 0;
  #done = 0;

  constructor(ports: SplitFeedPorts) {
    this.#ports = ports;
    this.#shut = new ShutStreams(ports);
    this.#deadlines = new Deadlines(ports.clock, keepTickMs);
  }

  get figures() {
    return {
      inFlight: this.#handled.size,
      /** Of these: all that is left of them is for shards that take nothing. */
      waiting: [...this.#handled].filter(isWaiting).length,
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
    while (this.#handled.size > 0) await this.#ended.wait();
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
        const free = this.#free;
        if (free <= 0) await this.#ended.wait();
        else await pull.next(free);
      }
    } finally {
      pull.close();
    }
  }

  #hand(message: HandedMessage, signal: AbortSignal): void {
    if (signal.aborted || this.#free <= 0) message.giveBack();
    else void this.#take(message, signal);
  }

  /** How many more may be taken. */
  get #free(): number {
    const waiting = { count: 0, bytes: 0 };
    for (const handled of this.#handled) {
      if (!isWaiting(handled) || waiting.count >= waitingMax.count) continue;
      if (waiting.bytes + handled.bytes > waitingMax.bytes) continue;
      waiting.count += 1;
      waiting.bytes += handled.bytes;
    }
    return splitsMax + waiting.count - this.#handled.size;
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
    const handled = {
      ...{ bytes: message.data.length, left: 1, waiting: 0 },
      ...{ done: new Set<number>(), remembered: 0, isRemembering: false },
    };
    this.#handled.add(handled);
    const working = this.#keep(message);
    try {
      await this.#fanOut(message, handled, signal);
    } catch (error) {
      // Not acknowledged: it comes again.
      this.#ports.log.error("split_failed", { sequence: message.sequence, error: String(error) });
    } finally {
      this.#deadlines.forget(working);
      this.#handled.delete(handled);
      this.#ended.wake();
    }
  }

  async #fanOut(message: HandedMessage, handled: Handled, signal: AbortSignal): Promise<void> {
    const named = message.headers?.get(idHeader) || undefined;
    const id = named ?? `split-${message.sequence}`;
    const body = message.headers?.get(bodyHeader) || undefined;
    const split = { id, data: message.data, ...(body === undefined ? undefined : { body }) };
    const { letters, poison } = fanOut(split, this.#ports);
    if (letters.some(({ stream }) => this.#shut.isShut(stream))) {
      return message.giveBack(Math.min(againMs.first * message.tries, againMs.cap));
    }
    const before = await this.#doneBefore(message, named);
    if (before.size === 0) this.#countLate(message, id);
    for (const reason of poison) this.#ports.log.error("split_undecodable", { id, reason });
    this.#poison += poison.length;
    const left = [...letters.entries()].filter(([n]) => !before.has(n));
    for (const n of before) handled.done.add(n);
    handled.remembered = before.size;
    handled.left = left.length;
    for (const [, letter] of left) handled.bytes += letter.data.length;
    const sending = left.map((one) => this.#send(one, handled, { id: named, signal }));
    if (!(await Promise.all(sending)).includes(false)) {
      await message.settle(ackMaxMs);
      this.#done += 1;
      return;
    }
    if (named !== undefined) await this.#rememberAtLast(handled, named);
    message.giveBack();
  }

  /** Whoever stops does not wait for it for long. */
  async #rememberAtLast({ done, remembered }: Handled, id: string): Promise<void> {
    const { progress, clock, link } = this.#ports;
    if (remembered === done.size || !link.isUp) return;
    const isWritten = new AbortController();
    const outOfTime = clock.sleep(ackMaxMs, isWritten.signal).catch(() => undefined);
    await Promise.race([progress.remember(id, done), outOfTime]);
    isWritten.abort();
  }

  /** Of a message that comes for the first time nothing is. */
  async #doneBefore({ tries }: HandedMessage, id: string | undefined): Promise<DoneUnits> {
    if (tries < 2 || id === undefined) return nothingDone;
    return await this.#ports.progress.of(id);
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
  async #send(
    [n, letter]: readonly [number, Letter],
    handled: Handled,
    { id, signal }: Fanning,
  ): Promise<boolean> {
    const fate = await this.#ports.publisher.publish(letter);
    if (fate.kind !== "stored") {
      const refused = { letter, reason: fate.reason };
      if (!(await this.#waited(refused, handled, { id, signal }))) return false;
    }
    handled.left -= 1;
    handled.done.add(n);
    this.#changed(handled, id);
    return true;
  }

  async #waited(refused: Refused, handled: Handled, { id, signal }: Fanning): Promise<boolean> {
    if (signal.aborted) return false;
    handled.waiting += 1;
    this.#changed(handled, id);
    const isStored = await this.#shut.wait(refused, signal);
    handled.waiting -= 1;
    return isStored;
  }

  /** It may be that nothing is to be done for it any more but to wait. */
  #changed(handled: Handled, id: string | undefined): void {
    if (!isWaiting(handled)) return;
    this.#ended.wake();
    if (id !== undefined) void this.#remember(handled, id);
  }

  async #remember(handled: Handled, id: string): Promise<void> {
    if (handled.isRemembering) return;
    handled.isRemembering = true;
    const { progress, clock } = this.#ports;
    const isToDo = () => isWaiting(handled) && handled.remembered < handled.done.size;
    while (this.#handled.has(handled) && isToDo()) {
      const done = new Set(handled.done);
      if (await progress.remember(id, done)) handled.remembered = done.size;
      else await clock.sleep(retryMs);
    }
    handled.isRemembering = false;
  }

  #countLate(message: HandedMessage, id: string): void {
    const ageMs = this.#ports.clock.now() - message.storedAt;
    if (message.tries < 2 || ageMs < duplicateWindowMs) return;
    this.#late += 1;
    this.#ports.log.warn("split_late", { id, ageMs });
  }
}
