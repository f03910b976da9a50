/**
 * Publishes into JetStream and waits for the server's answer. One subscription and one timer serve
 * all publishes: the client's own request sets a timer and makes a promise chain for each.
 */
import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import type { CancelTimer, Clock } from "#lib/clock";
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
/**
 * Under load publishes wait this long for company: what comes to a server in one piece costs it, and
 * us, less than what comes scattered. One that comes alone does not wait.
 */
const gatherMs = 2;
/** With so many unanswered there is load. */
const loadMin = 12;
/** So many make a piece of their own. */
const companyMax = 48;
const companyBytesMax = 256 * 1024;

export class Publisher {
  readonly #link: Wire;
  readonly #clock: Clock;
  readonly #answerMaxMs: number;
  readonly #inbox: string;
  readonly #waiting = new Map<string, WaitingPublish>();
  readonly #deadlines: Deadlines;
  readonly #stopListening: () => void;
  readonly #subscription: { unsubscribe(): void };
  /** By token. */
  #gathered = new Map<string, Publication>();
  #gatheredBytes = 0;
  #cancelSend: CancelTimer | undefined;
  #made = 0;

  constructor(options: PublisherOptions) {
    this.#link = options.link;
    this.#inbox = `${createInbox(options.link.inboxPrefix)}.`;
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
  publish(publication: Publication): Promise<Answer> {
    // The client would keep it for later, with all the repeats that come until then.
    if (!this.#link.isUp) {
      return Promise.resolve({ kind: "nobody", reason: "there is no connection" });
    }
    this.#made += 1;
    const token = this.#made.toString(36);
    const answer = this.#answerFor(token);
    if (this.#waiting.size < loadMin) this.#send(token, publication);
    else this.#gather(token, publication);
    return answer;
  }

  close(): void {
    this.#stopListening();
    this.#giveUp("the publisher was closed");
    // Nothing of it is sent, since nobody waits for its answer.
    this.#sendGathered();
    if (!this.#link.connection.isClosed()) this.#subscription.unsubscribe();
  }

  #answerFor(token: string): Promise<Answer> {
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

  #gather(token: string, publication: Publication): void {
    this.#gathered.set(token, publication);
    this.#gatheredBytes += publication.data.length;
    if (this.#gathered.size >= companyMax || this.#gatheredBytes >= companyBytesMax) {
      this.#sendGathered();
    } else this.#cancelSend ??= this.#clock.after(gatherMs, () => this.#sendGathered());
  }

  /** In one turn: the client writes what it gets in one turn at once. */
  #sendGathered(): void {
    this.#cancelSend?.();
    this.#cancelSend = undefined;
    const gathered = this.#gathered;
    this.#gathered = new Map();
    this.#gatheredBytes = 0;
    for (const [token, publication] of gathered) this.#send(token, publication);
  }

  /** Unless it was given up meanwhile. */
  #send(token: string, { subject, data, headers: fields }: Publication): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    try {
      const reply = this.#inbox + token;
      const options = fields ? { reply, headers: fields } : { reply };
      this.#link.connection.publish(subject, data, options);
    } catch (error) {
      waiting.settle({ kind: "nobody", reason: String(error) });
    }
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
