/** One session of a mail exchanger: the real server's, answered as the host's mood is. */
import type { Connection, ConnectionHandler } from "#lib/net/transport";
import { encodeReply, type Reply } from "#lib/smtp/reply";
import { ServerSession } from "#lib/smtp/server/session";
import type { ServerAnswer, ServerSettings, ServerStep, Transaction } from "#lib/smtp/server/step";
import type { Copy } from "../witness/ledger.ts";
import type { Mood } from "./mood.ts";
import { answers } from "./mood.ts";

/** A final dot that was answered. */
export interface Answer {
  readonly copies: readonly Copy[];
  readonly atMs: number;
}

/** What a session asks of its host. */
export interface MxHost {
  readonly mood: Mood;
  happens(share: number): boolean;
  after(delayMs: number, task: () => void): void;
  isGreylisted(path: string, forMs: number): boolean;
  /** The message is in the mailboxes of `paths`. */
  keep(paths: readonly string[], content: Uint8Array, connection: Connection): readonly Copy[];
  answered(copies: readonly Copy[]): Answer;
  /** The connection broke: an answer that is still on its way may be lost. */
  broke(answer: Answer): void;
}

const settings: ServerSettings = {
  hostname: "mx.example",
  offersStartTls: false,
  auth: "never",
  requiresAuth: false,
  requiresTls: false,
  isTls: false,
  limits: {
    messageSizeMax: 1_000_000,
    recipientsMax: 100,
    contentLineMax: 8_192,
    commandLineMax: 2_048,
    authLineMax: 12_288,
    errorsSoftMax: 1_000,
    errorsHardMax: 1_000,
    errorDelayMs: 0,
    receivedFieldsMax: 50,
    pipelinedBytesMax: 65_536,
  },
};

export class MxConnection implements ConnectionHandler {
  readonly #host: MxHost;
  readonly #connection: Connection;
  readonly #session = new ServerSession(settings);
  #isClosed = false;
  #answered: Answer | undefined;

  constructor(host: MxHost, connection: Connection) {
    this.#host = host;
    this.#connection = connection;
  }

  begin(): void {
    if (this.#host.mood.kind === "busy") this.#leave();
    else this.#carryOut(this.#session.greet());
  }

  data(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#carryOut(this.#session.receive(bytes));
  }

  closed(error?: Error): void {
    this.#isClosed = true;
    const answered = this.#answered;
    if (error !== undefined && answered !== undefined) this.#host.broke(answered);
  }

  #carryOut(begun: readonly ServerStep[]): void {
    let steps: readonly ServerStep[] | undefined = begun;
    while (steps !== undefined && !this.#isClosed) {
      let next: readonly ServerStep[] | undefined;
      for (const step of steps) {
        if (step.kind === "reply") this.#say(step.reply);
        else if (step.kind === "close") this.#connection.end();
        else next = this.#asked(step);
      }
      steps = next;
    }
  }

  #asked(step: ServerStep): readonly ServerStep[] | undefined {
    switch (step.kind) {
      case "admitMail":
        return this.#decide(() => ({ kind: "admitted" }));
      case "admitRecipient": {
        const { forwardPath } = step;
        const path = "postmaster" in forwardPath ? "postmaster" : forwardPath.text;
        return this.#decide(() => this.#recipient(path));
      }
      case "acceptMessage":
        return this.#decide(() => this.#message(step.transaction, step.content));
      default:
        throw new Error(`Cannot answer "${step.kind}": it was not offered`);
    }
  }

  /** The moods that break off at any command. */
  #decide(otherwise: () => ServerAnswer | undefined): readonly ServerStep[] | undefined {
    const { mood } = this.#host;
    if (mood.kind === "leaving" && this.#host.happens(mood.share)) {
      this.#leave();
      return undefined;
    }
    const storm = mood.kind === "storm" && this.#host.happens(mood.share);
    const answer = storm ? refused(answers.storm) : otherwise();
    return answer === undefined ? undefined : this.#session.answer(answer);
  }

  #recipient(path: string): ServerAnswer {
    const { mood } = this.#host;
    if (path.startsWith("nobody")) return refused(answers.noSuchUser);
    if (mood.kind === "greylists" && this.#host.isGreylisted(path, mood.forMs)) {
      return refused(answers.greylisted);
    }
    return { kind: "admitted" };
  }

  #message(transaction: Transaction, content: Uint8Array): ServerAnswer | undefined {
    const { mood } = this.#host;
    const paths = transaction.recipients.map(({ forwardPath }) =>
      "postmaster" in forwardPath ? "postmaster" : forwardPath.text,
    );
    if (paths.some((path) => path.startsWith("picky"))) return refused(answers.contentRefused);
    if (mood.kind === "dropsAfterDot" && this.#host.happens(mood.share)) {
      if (mood.keeps) this.#host.keep(paths, content, this.#connection);
      this.#break();
      return undefined;
    }
    if (mood.kind === "halfReply" && this.#host.happens(mood.share)) {
      this.#host.keep(paths, content, this.#connection);
      this.#connection.write(new TextEncoder().encode("250 2."));
      this.#isClosed = true;
      this.#connection.end();
      return undefined;
    }
    const copies = this.#host.keep(paths, content, this.#connection);
    if (mood.kind !== "slow") return this.#accepted(copies);
    this.#host.after(mood.delayMs, () => {
      if (!this.#isClosed) this.#carryOut(this.#session.answer(this.#accepted(copies)));
    });
    return undefined;
  }

  #accepted(copies: readonly Copy[]): ServerAnswer {
    this.#answered = this.#host.answered(copies);
    return { kind: "accepted", queueId: "sim" };
  }

  #say(said: Reply): void {
    this.#connection.write(new TextEncoder().encode(encodeReply(said)));
  }

  #leave(): void {
    this.#say(answers.leaving);
    this.#isClosed = true;
    this.#connection.end();
  }

  #break(): void {
    this.#isClosed = true;
    this.#connection.destroy();
  }
}

function refused(answer: (typeof answers)[keyof typeof answers]): ServerAnswer {
  return { kind: "refused", reply: answer };
}
