/**
 * Publishes into JetStream and waits for the server's answer. One subscription and one timer serve
 * all publishes: the client's own request sets a timer and makes a promise chain for each.
 */
import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import { Deadlines, type HasDeadline } from "#lib/deadlines";
import type { Wire } from "../link.ts";
import { readPubAnswer } from "./pub-answer.ts";

export interface Publication {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: MsgHdrs;
}

export type Answer =
  | {
      readonly kind: "stored";
      readonly stream: string;
      readonly sequence: number;
      readonly isDuplicate: boolean;
    }
  /** The stream says no: it is not stored. */
  | { readonly kind: "refused"; readonly code: number; readonly reason: string }
  /** It was not sent, or nobody listened: it is not stored. */
  | { readonly kind: "nobody"; readonly reason: string }
  /** It may be stored or not. */
  | { readonly kind: "unanswered"; readonly reason: string };

export interface PublisherOptions {
  readonly link: Wire;
  readonly clock: Clock;
  readonly answerMaxMs?: number;
}

/** A leader answers in milliseconds; one that takes this long is not the leader any more. */
const answerMaxMs = 5_000;

export class Publisher {
  readonly #link: Wire;
  readonly #clock: Clock;
  readonly #answerMaxMs: number;
  readonly #inbox = `${createInbox()}.`;
  readonly #waiting = new Map<string, WaitingPublish>();
  readonly #deadlines: Deadlines;
  readonly #stopListening: () => void;
  readonly #subscription: { unsubscribe(): void };
  #made = 0;

  constructor(options: PublisherOptions) {
    this.#link = options.link;
    this.#clock = options.clock;
    this.#answerMaxMs = options.answerMaxMs ?? answerMaxMs;
    this.#deadlines = new Deadlines(options.clock);
    this.#stopListening = this.#link.onDown(() => this.#giveUp("the connection was lost"));
    this.#subscription = this.#link.connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
      },
    });
  }

  /** Never rejects. */
  publish({ subject, data, headers: fields }: Publication): Promise<Answer> {
    const { connection, isUp } = this.#link;
    // The client would keep it for later, with all the repeats that come until then.
    if (!isUp) return Promise.resolve({ kind: "nobody", reason: "there is no connection" });
    this.#made += 1;
    const token = this.#made.toString(36);
    try {
      const reply = this.#inbox + token;
      connection.publish(subject, data, fields ? { reply, headers: fields } : { reply });
    } catch (error) {
      return Promise.resolve({ kind: "nobody", reason: String(error) });
    }
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        this.#waiting.delete(token);
        this.#deadlines.forget(waiting);
        resolve(answer);
      };
      const waiting: WaitingPublish = {
        deadline: this.#clock.monotonic() + this.#answerMaxMs,
        expired: () => settle({ kind: "unanswered", reason: "no answer in time" }),
        settle,
      };
      this.#waiting.set(token, waiting);
      this.#deadlines.watch(waiting);
    });
  }

  close(): void {
    this.#stopListening();
    this.#giveUp("the publisher was closed");
    if (!this.#link.connection.isClosed()) this.#subscription.unsubscribe();
  }

  #take(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    this.#waiting.get(token)?.settle(readPubAnswer(message));
  }

  #giveUp(reason: string): void {
    for (const waiting of [...this.#waiting.values()]) {
      waiting.settle({ kind: "unanswered", reason });
    }
  }
}

interface WaitingPublish extends HasDeadline {
  readonly settle: (answer: Answer) => void;
}

export const idHeader = "Nats-Msg-Id";
export const expectedSubjectSequenceHeader = "Nats-Expected-Last-Subject-Sequence";

export function publishHeaders(fields: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const name in fields) made.set(name, fields[name] ?? "");
  return made;
}
