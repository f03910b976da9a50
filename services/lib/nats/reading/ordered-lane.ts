/**
 * Reads the messages of a stream under one filter, in order, each once, by pulls of our own size.
 * The consumer is the server's, in memory and without acknowledgements; it is gone with its server,
 * or comes back at its beginning. So nothing is believed but the sequences: at a gap, a silence or a
 * lost connection a new consumer starts behind the last sequence that was taken (DESIGN §5).
 */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  ReplayPolicy,
} from "@nats-io/jetstream";
import { createInbox, type Msg, nanos, nuid, type Subscription } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { Deadlines, HasDeadline } from "#lib/deadlines";
import { Fifo } from "#lib/queue/fifo";
import type { Waiters } from "#lib/stream/waiters";
import type { Log } from "#lib/telemetry/log";
import type { Wire } from "../link.ts";
import { parseDelivered } from "./delivered.ts";

export interface LaneMessage {
  readonly sequence: number;
  readonly message: Msg;
  readonly bytes: number;
}

export interface LanePorts {
  readonly link: Wire;
  readonly manager: JetStreamManager;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly log: Log;
}

export interface LanePlace {
  readonly stream: string;
  /** One subject, or several of which none takes in another. */
  readonly filter: string | readonly string[];
  /** The first one is behind this sequence, or the first of this time. */
  readonly after: number | Date;
  /** Woken when there is something to take. */
  readonly arrived: Waiters;
}

/** Messages and bytes that wait here for their reader. */
const countMax = 256;
const pulledBytesMin = 1024 * 1024;
/** A pull must have room for the largest message with its headers, or it would never come. */
const overheadBytesMax = 64 * 1024;
const pullMs = 30_000;
const heartbeatMs = 2_000;
/** Two heartbeats, and what a busy machine takes. */
const silenceMaxMs = 5_000;
/** The server removes the consumer of a reader that died. */
const inactiveMs = 60_000;
const retryFirstMs = 100;
const retryCapMs = 2_000;

interface Standing {
  readonly name: string;
  readonly inbox: string;
  readonly subscription: Subscription;
  delivery: number;
  /** Each has a subject of its own for what the server says about it: that may come late. */
  pulls: number;
  /** Messages still to come from the pull that is open; 0: none is open. */
  open: number;
  /** Of the pull that is open. */
  came: number;
}

export class OrderedLane implements HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly #ports: LanePorts;
  readonly #place: LanePlace;
  readonly #waiting = new Fifo<LaneMessage>();
  readonly #stopped = new AbortController();
  readonly #stopListening: () => void;
  #standing: Standing | undefined;
  #isStarting = false;
  #count = 0;
  #bytes = 0;
  #sequence: number;
  #restarts = 0;

  constructor(ports: LanePorts, place: LanePlace) {
    this.#ports = ports;
    this.#place = place;
    this.#sequence = typeof place.after === "number" ? place.after : 0;
    this.#stopListening = ports.link.onDown(() => this.restart("the connection was lost"));
    ports.deadlines.watch(this);
    void this.#start();
  }

  /** The last sequence that came. */
  get sequence(): number {
    return this.#sequence;
  }

  get count(): number {
    return this.#count;
  }

  get restarts(): number {
    return this.#restarts;
  }

  peek(): LaneMessage | undefined {
    return this.#waiting.peek();
  }

  shift(): LaneMessage | undefined {
    const first = this.#waiting.shift();
    if (first === undefined) return undefined;
    this.#count -= 1;
    this.#bytes -= first.bytes;
    this.#pull();
    return first;
  }

  expired(): void {
    this.restart("it has gone silent");
  }

  /** With a new consumer, behind the last sequence that came. */
  restart(reason: string): void {
    if (this.#stopped.signal.aborted) return;
    const { stream, filter } = this.#place;
    this.#restarts += 1;
    this.#ports.log.warn("lane_restarted", { stream, filter, reason, after: this.#sequence });
    this.#drop();
    void this.#start();
  }

  /** Comes again with what is behind `after`; what waits here is kept. */
  goBack(after: number): void {
    this.#sequence = Math.min(this.#sequence, after);
    this.restart("it has passed what it did not give");
  }

  close(): void {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    this.#stopListening();
    this.#ports.deadlines.forget(this);
    this.#drop();
  }

  /** Until there is a consumer, or the lane is closed. */
  async #start(): Promise<void> {
    if (this.#isStarting) return;
    this.#isStarting = true;
    const { clock, log } = this.#ports;
    const { signal } = this.#stopped;
    const { stream, filter } = this.#place;
    let waitMs = retryFirstMs;
    while (!signal.aborted && this.#standing === undefined) {
      try {
        await this.#establish();
      } catch (error) {
        log.warn("lane_waits", { stream, filter, error: String(error) });
        await clock.sleep(waitMs);
        waitMs = Math.min(waitMs * 2, retryCapMs);
      }
    }
    this.#isStarting = false;
    if (signal.aborted) this.#drop();
    else this.#pull();
  }

  async #establish(): Promise<void> {
    const { link, manager } = this.#ports;
    if (!link.isUp) throw new Error("there is no connection");
    const name = nuid.next();
    await manager.consumers.add(this.#place.stream, this.#configuration(name));
    // Lost while it was made: where it stands now nobody knows.
    if (!link.isUp) throw new Error("the connection was lost");
    const inbox = createInbox(link.inboxPrefix);
    const subscription = link.connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        const standing = this.#standing;
        if (standing?.inbox !== inbox) return;
        if (error !== null) this.restart(String(error));
        else if (message.reply) this.#take(standing, message, message.reply);
        else this.#takeStatus(standing, message);
      },
    });
    this.#standing = { name, inbox, subscription, delivery: 0, pulls: 0, open: 0, came: 0 };
  }

  #configuration(name: string): Partial<ConsumerConfig> {
    const { filter, after } = this.#place;
    const isByTime = typeof after !== "number" && this.#sequence === 0;
    return {
      name,
      ...(isByTime
        ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: after.toISOString() }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#sequence + 1 }),
      ...(typeof filter === "string"
        ? { filter_subject: filter }
        : { filter_subjects: [...filter] }),
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      max_deliver: 1,
      inactive_threshold: nanos(inactiveMs),
    };
  }

  /** One at a time, for as much as there is room; half full is full enough. */
  #pull(): void {
    const standing = this.#standing;
    if (standing === undefined || standing.open > 0) return;
    if (this.#count > countMax / 2 || this.#bytes > pulledBytesMin / 2) return;
    const { connection } = this.#ports.link;
    const batch = countMax - this.#count;
    const messageBytesMax = (connection.info?.max_payload ?? pulledBytesMin) + overheadBytesMax;
    const request = {
      batch,
      max_bytes: Math.max(pulledBytesMin, messageBytesMax),
      expires: nanos(pullMs),
      idle_heartbeat: nanos(heartbeatMs),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#place.stream}.${standing.name}`;
    standing.open = batch;
    standing.came = 0;
    standing.pulls += 1;
    this.#isAlive();
    connection.publish(subject, JSON.stringify(request), { reply: replySubject(standing) });
  }

  #take(standing: Standing, message: Msg, reply: string): void {
    const { sequence, delivery } = parseDelivered(reply);
    if (delivery !== standing.delivery + 1) {
      this.restart(`delivery ${delivery} came behind ${standing.delivery}`);
      return;
    }
    standing.delivery = delivery;
    standing.open -= 1;
    standing.came += 1;
    if (standing.open > 0) this.#isAlive();
    else this.deadline = Number.POSITIVE_INFINITY;
    if (sequence > this.#sequence) {
      this.#sequence = sequence;
      const bytes = message.data.length;
      this.#waiting.push({ sequence, message, bytes });
      this.#count += 1;
      this.#bytes += bytes;
      this.#place.arrived.wake();
    }
    if (standing.open === 0) this.#pull();
  }

  #takeStatus(standing: Standing, message: Msg): void {
    if (standing.open === 0 || message.subject !== replySubject(standing)) return;
    const code = message.headers?.code ?? 0;
    if (code === 100) return this.#isAlive();
    // 408: its time is over; 404: nothing is there; 409 behind a message: its bytes are used up.
    const isOver = code === 408 || code === 404 || (code === 409 && standing.came > 0);
    if (!isOver) {
      this.restart(`the pull ended with ${code} ${message.headers?.description ?? ""}`);
      return;
    }
    standing.open = 0;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#pull();
  }

  #isAlive(): void {
    this.deadline = this.#ports.clock.monotonic() + silenceMaxMs;
  }

  #drop(): void {
    const standing = this.#standing;
    this.#standing = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
    if (standing === undefined) return;
    standing.subscription.unsubscribe();
    if (this.#ports.link.isUp) void this.#remove(standing.name);
  }

  async #remove(name: string): Promise<void> {
    const { manager, log } = this.#ports;
    try {
      await manager.consumers.delete(this.#place.stream, name);
    } catch (error) {
      // The server removes it by itself when nobody pulls.
      log.debug("consumer_left", { stream: this.#place.stream, error: String(error) });
    }
  }
}

function replySubject({ inbox, pulls }: Standing): string {
  return `${inbox}.${pulls}`;
}
