/**
 * One mail transaction of a client session: what is sent, what each reply means, and whom it
 * settles.
 *
 *   reset ──▶ mail ──▶ rcpt (one each) ──▶ data ──▶ dot ──▶ over
 *
 * This is the order of the replies. With PIPELINING all commands before the content go out at once
 * (RFC 2920 §3.1); without it each waits for the reply to the one before.
 */
import { assert } from "#lib/assert";
import type { Reply } from "../reply.ts";
import type { Capabilities } from "./capabilities.ts";
import {
  type Dialect,
  dialectOf,
  mailCommand,
  recipientCommand,
  refusalOfMessage,
  refusalOfRecipient,
} from "./envelope-commands.ts";
import type { ClientSettings, ClientStep, ClientTransaction, RecipientResult } from "./step.ts";
import { asMailData } from "./transparency.ts";

type Stage = "reset" | "mail" | "rcpt" | "data" | "dot";

export interface TransactionOptions {
  readonly offered: Capabilities;
  readonly protocol: ClientSettings["protocol"];
  /** The transaction before did not come to its final dot: the server may hold some of it. */
  readonly needsReset: boolean;
}

export type TransactionEnd =
  /** `needsReset`: as above, for the next one. */
  | { readonly kind: "over"; readonly needsReset: boolean }
  /** The server does not speak SMTP as we do: nothing of this session can be relied on. */
  | { readonly kind: "broken"; readonly reason: string };

const encoder = new TextEncoder();
const reset = "RSET\r\n";
const data = "DATA\r\n";
const finalDot = encoder.encode(".\r\n");

const over: TransactionEnd = { kind: "over", needsReset: false };
const overBeforeTheDot: TransactionEnd = { kind: "over", needsReset: true };

export class OpenTransaction {
  readonly #asked: ClientTransaction;
  readonly #dialect: Dialect;
  readonly #isLmtp: boolean;
  readonly #needsReset: boolean;
  /** Indexes of the recipients that are sent: all but those refused locally. */
  readonly #sent: number[] = [];
  /** Indexes of those the server took, not settled yet. */
  readonly #accepted: number[] = [];
  /** How many of `#sent` have had their reply to RCPT. */
  #answered = 0;
  #stage: Stage = "mail";
  #unsent = 0;
  /** The reply to MAIL was a refusal: those behind it are only counted. */
  #isMailRefused = false;

  constructor(asked: ClientTransaction, options: TransactionOptions) {
    assert(asked.recipients.length > 0, "a transaction has recipients");
    this.#asked = asked;
    this.#dialect = dialectOf(asked, options.offered);
    this.#isLmtp = options.protocol === "lmtp";
    this.#needsReset = options.needsReset;
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** Settles whom nothing can be sent for, and begins for the others, if there are any. */
  begin(steps: ClientStep[]): TransactionEnd | undefined {
    const { offered } = this.#dialect;
    const forAll = refusalOfMessage(this.#asked, offered);
    for (const [index, recipient] of this.#asked.recipients.entries()) {
      const refusal = forAll ?? refusalOfRecipient(recipient, offered);
      if (refusal === null) this.#sent.push(index);
      else steps.push({ kind: "settle", index, result: refusal });
    }
    if (this.#sent.length === 0) return { kind: "over", needsReset: this.#needsReset };
    if (this.#needsReset) this.#stage = "reset";
    send(steps, offered.pipelining ? this.#allCommands() : this.#command());
    return undefined;
  }

  /** A reply that is not 421; undefined while more must come. */
  take(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    switch (this.#stage) {
      case "reset":
        return this.#takeReset(reply, steps);
      case "mail":
        return this.#takeMail(reply, steps);
      case "rcpt":
        return this.#takeRecipient(reply, steps);
      case "data":
        return this.#takeData(reply, steps);
      case "dot":
        return this.#takeDot(reply, steps);
    }
  }

  /** Octets that the connection has not taken yet: the final dot is the last of them. */
  unsent(octets: number): void {
    this.#unsent = octets;
  }

  /** The final dot has left us: the server may have the message, whether it says so or not. */
  get isDotSent(): boolean {
    return this.#stage === "dot" && this.#unsent === 0;
  }

  /** RFC 5321 §3.8: 421 answers whatever was asked, and everything behind it. */
  takeShutdown(reply: Reply, steps: ClientStep[]): void {
    // RFC 2033 §4.2: after the dot it is one recipient's; what became of the others is not said.
    const isForOne = this.#stage === "dot" && this.#isLmtp;
    this.#settle(isForOne ? this.#accepted.splice(0, 1) : this.#open(), this.#said(reply), steps);
    if (isForOne) this.abandon("the server closed the session", steps);
  }

  /** No reply will come any more. */
  abandon(reason: string, steps: ClientStep[]): void {
    // RFC 1047: from the final dot to its reply nobody knows who has the message.
    const result = { stage: this.#resultStage, reason, isInDoubt: this.isDotSent };
    this.#settle(this.#open(), result, steps);
  }

  #takeReset(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    // What the server still holds of the last transaction must not become part of this one.
    if (reply.class !== 2) return broken("the server refuses RSET");
    this.#goOn("mail", steps);
    return undefined;
  }

  #takeMail(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    if (reply.class === 3) return broken("the server asks for more after MAIL");
    if (reply.class === 2) {
      this.#goOn("rcpt", steps);
      return undefined;
    }
    this.#isMailRefused = true;
    this.#settle(this.#sent, this.#said(reply), steps);
    // RFC 1870 §6.2: RSET before anything else.
    if (!this.#isPipelined) return overBeforeTheDot;
    this.#stage = "rcpt";
    return undefined;
  }

  #takeRecipient(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    if (reply.class === 3) return broken("the server asks for more after RCPT");
    const index = this.#sent[this.#answered];
    assert(index !== undefined, "a reply to RCPT belongs to a recipient");
    this.#answered += 1;
    if (!this.#isMailRefused) {
      if (reply.class === 2) this.#accepted.push(index);
      else this.#settle([index], this.#said(reply), steps);
    }
    if (this.#answered < this.#sent.length) this.#goOn("rcpt", steps);
    else if (this.#isPipelined || this.#accepted.length > 0) this.#goOn("data", steps);
    else return overBeforeTheDot;
    return undefined;
  }

  #takeData(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    if (reply.class === 2) return broken("the server says yes to DATA before it has the content");
    if (reply.class !== 3) {
      this.#settle(this.#accepted.splice(0), this.#said(reply), steps);
      return overBeforeTheDot;
    }
    this.#stage = "dot";
    if (this.#accepted.length > 0) {
      for (const bytes of asMailData(this.#asked.content)) steps.push({ kind: "send", bytes });
      return undefined;
    }
    // RFC 2033 §4.2: DATA without recipients must be refused, since the dot would have no reply.
    if (this.#isLmtp) return broken("the server takes content for no recipient");
    // RFC 2920 §3.1: a single dot, so that nobody gets anything.
    steps.push({ kind: "send", bytes: finalDot });
    return undefined;
  }

  #takeDot(reply: Reply, steps: ClientStep[]): TransactionEnd | undefined {
    if (reply.class === 3) return broken("the server asks for more after the final dot");
    // RFC 2033 §4.2: a reply for each recipient that was taken, in their order.
    const about = this.#isLmtp ? this.#accepted.splice(0, 1) : this.#accepted.splice(0);
    this.#settle(about, this.#said(reply), steps);
    return this.#accepted.length === 0 ? over : undefined;
  }

  get #isPipelined(): boolean {
    return this.#dialect.offered.pipelining;
  }

  /** The next reply is awaited, and its command sent unless it went with the others. */
  #goOn(stage: Stage, steps: ClientStep[]): void {
    this.#stage = stage;
    if (!this.#isPipelined) send(steps, this.#command());
  }

  #command(): string {
    switch (this.#stage) {
      case "reset":
        return reset;
      case "mail":
        return mailCommand(this.#asked, this.#dialect);
      case "rcpt":
        return this.#recipientCommand(this.#sent[this.#answered]);
      default:
        return data;
    }
  }

  /** RFC 2920 §3.1: RSET, MAIL and RCPT anywhere in the group, DATA as its last. */
  #allCommands(): string {
    let commands = this.#needsReset ? reset : "";
    commands += mailCommand(this.#asked, this.#dialect);
    for (const index of this.#sent) commands += this.#recipientCommand(index);
    return commands + data;
  }

  #recipientCommand(index: number | undefined): string {
    const recipient = index === undefined ? undefined : this.#asked.recipients[index];
    assert(recipient !== undefined, "an index names a recipient");
    return recipientCommand(recipient, this.#dialect);
  }

  #said(reply: Reply): RecipientResult {
    return { stage: this.#resultStage, reply, isInDoubt: false };
  }

  /** RSET stands before MAIL, and fails it. */
  get #resultStage(): RecipientResult["stage"] {
    return this.#stage === "reset" ? "mail" : this.#stage;
  }

  /** Everybody who is not settled. */
  #open(): readonly number[] {
    if (this.#isMailRefused) return [];
    if (this.#stage === "data" || this.#stage === "dot") return this.#accepted;
    return [...this.#accepted, ...this.#sent.slice(this.#answered)];
  }

  #settle(indexes: readonly number[], result: RecipientResult, steps: ClientStep[]): void {
    for (const index of indexes) steps.push({ kind: "settle", index, result });
  }
}

function send(steps: ClientStep[], commands: string): void {
  steps.push({ kind: "send", bytes: encoder.encode(commands) });
}

function broken(reason: string): TransactionEnd {
  return { kind: "broken", reason };
}
