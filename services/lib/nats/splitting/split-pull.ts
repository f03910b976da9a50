/**
 * Pulls from a consumer with acknowledgements, one short pull after the other. The client's fetch
 * stops listening when it is stopped: what the server has handed out and is still on its way is
 * then nobody's for as long as the consumer waits. Here a pull is over when the server says so, and
 * it says so behind everything that it gave.
 */

import { createInbox, type Msg, nanos, type Subscription } from "@nats-io/transport-node";
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import { Deadlines, type HasDeadline } from "#lib/deadlines";
import type { Wire } from "../link.ts";
import { HandedMessage } from "./handed-message.ts";

export interface PullPorts {
  readonly link: Wire;
  readonly clock: Clock;
}

export interface PullPlace {
  readonly stream: string;
  readonly consumer: string;
  /** Has each message from then on. */
  readonly take: (message: HandedMessage) => void;
}

/** Whoever stops waits for so long at most; each pull is two entries in the consumer's own log. */
const pullMs = 1_000;
/** Longer than a server on a busy machine takes to say that the time is over. */
const silenceMaxMs = 5_000;

interface OpenPull {
  /** Messages still to come. */
  left: number;
  readonly reply: string;
  readonly over: PromiseWithResolvers<void>;
}

export class SplitPull implements HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly #ports: PullPorts;
  readonly #place: PullPlace;
  readonly #deadlines: Deadlines;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #stopListening: () => void;
  #open: OpenPull | undefined;
  #pulls = 0;

  constructor(ports: PullPorts, place: PullPlace) {
    this.#inbox = createInbox(ports.link.inboxPrefix);
    this.#ports = ports;
    this.#place = place;
    this.#deadlines = new Deadlines(ports.clock);
    const { link } = ports;
    this.#stopListening = link.onDown(() => this.#fail("the connection was lost"));
    this.#subscription = link.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) this.#fail(String(error));
        else if (message.reply) this.#take(message);
        else this.#takeStatus(message);
      },
    });
  }

  /**
   * Resolves when all of `count` came, or none any more will. Rejects when that is not known: then
   * this one is to be closed, and what is on its way comes again when the consumer has waited.
   */
  next(count: number): Promise<void> {
    assert(this.#open === undefined, "one pull at a time");
    const { link, clock } = this.#ports;
    const { stream, consumer } = this.#place;
    this.#pulls += 1;
    const reply = `${this.#inbox}.${this.#pulls}`;
    const over = Promise.withResolvers<void>();
    this.#open = { left: count, reply, over };
    const request = JSON.stringify({ batch: count, expires: nanos(pullMs) });
    link.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply });
    this.deadline = clock.monotonic() + pullMs + silenceMaxMs;
    this.#deadlines.watch(this);
    return over.promise;
  }

  expired(): void {
    this.#fail("the consumer has gone silent");
  }

  close(): void {
    this.#stopListening();
    this.#subscription.unsubscribe();
    this.#fail("it is closed");
  }

  #take(message: Msg): void {
    this.#place.take(new HandedMessage(this.#ports.link, message));
    const open = this.#open;
    if (open === undefined) return;
    open.left -= 1;
    if (open.left === 0) this.#end()?.resolve();
  }

  #takeStatus(message: Msg): void {
    if (message.subject !== this.#open?.reply) return;
    const code = message.headers?.code ?? 0;
    // 408: its time is over; 404: nothing is there.
    if (code === 408 || code === 404) this.#end()?.resolve();
    else this.#fail(`the pull ended with ${code} ${message.headers?.description ?? ""}`);
  }

  #fail(reason: string): void {
    this.#end()?.reject(new Error(reason));
  }

  #end(): PromiseWithResolvers<void> | undefined {
    const open = this.#open;
    this.#open = undefined;
    this.#deadlines.forget(this);
    return open?.over;
  }
}
