/**
 * One session of a sink: as little of SMTP as can be measured against, and every fault that was
 * asked for.
 *
 *   command ──DATA, 354──▶ content ──final dot──▶ command
 *   command ──BDAT──▶ chunk ──its last octet──▶ command
 *
 * While the outlet is held by a fault nothing is read; when it is over nothing is read any more.
 */
import type { Clock } from "#lib/clock";
import type { Connection, ConnectionHandler, TlsIdentity } from "#lib/net/transport";
import { pathIn, type Verb, verbAt, wordsIn } from "./command-line.ts";
import type { Stage } from "./fault.ts";
import type { Asked, Faults } from "./faults.ts";
import { ehloReply, type Greeting } from "./greeting.ts";
import { IncomingContent } from "./incoming-content.ts";
import { Outlet } from "./outlet.ts";
import { replies } from "./replies.ts";
import { noReply, type Reply, reply } from "./reply.ts";
import type { Tally } from "./tally.ts";
import { type Chunk, type Recipient, sunkMessage, Transaction } from "./transaction.ts";

export interface SessionContext {
  readonly greeting: Greeting;
  readonly protocol: "smtp" | "lmtp";
  readonly identity: TlsIdentity | undefined;
  readonly faults: Faults;
  readonly tally: Tally;
  readonly clock: Clock;
}

const lineMax = 65_536;
const unreadMax = 1_048_576;
const lineFeed = 10;
const nobodyAsks: readonly Asked[] = [];

export class SinkSession implements ConnectionHandler {
  readonly #context: SessionContext;
  readonly #connection: Connection;
  readonly #outlet: Outlet;
  readonly #closed: () => void;
  #unread: Buffer | undefined;
  #isTls = false;
  #isShakingHands = false;
  /** Lines of an exchange that are still to come. */
  #authLines = 0;
  #transaction: Transaction | undefined;
  /** By the paths of the transaction, or of the last one. */
  #asked: readonly Asked[] = nobodyAsks;
  #content: IncomingContent | undefined;
  #chunk: Chunk | undefined;

  constructor(connection: Connection, context: SessionContext, closed: () => void) {
    this.#connection = connection;
    this.#context = context;
    this.#closed = closed;
    const { faults, clock } = context;
    this.#outlet = new Outlet({ connection, faults, clock, resumed: () => this.#resume() });
    context.tally.opened();
  }

  start(): void {
    const { greeting, protocol } = this.#context;
    const text = `220 ${greeting.hostname} ${protocol === "lmtp" ? "LMTP" : "ESMTP"}\r\n`;
    this.#answer("connect", reply(text));
    this.#outlet.flush();
  }

  /** Implicit TLS: the handshake comes first. */
  startUnderTls(identity: TlsIdentity): void {
    this.#handshake(identity, () => this.start());
  }

  /** There are too many sessions. */
  refuse(): void {
    const { hostname } = this.#context.greeting;
    this.#outlet.say(reply(`421 4.3.2 ${hostname} Too many sessions\r\n`));
    this.#outlet.end();
    this.#outlet.flush();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  data(bytes: Uint8Array): void {
    if (this.#outlet.isOver) {
      // Silent in the middle of the content: the peer must not be able to send the rest.
      if (this.#isInContent) this.#connection.pause();
      return;
    }
    const arrived = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const input = this.#unread === undefined ? arrived : Buffer.concat([this.#unread, arrived]);
    this.#read(input);
  }

  closed(): void {
    this.#outlet.close();
    this.#unread = undefined;
    this.#context.tally.closed();
    this.#closed();
  }

  #resume(): void {
    this.#connection.resume();
    const unread = this.#unread;
    if (unread !== undefined) this.#read(unread);
  }

  get #isInContent(): boolean {
    return this.#content !== undefined || this.#chunk !== undefined;
  }

  #read(input: Buffer): void {
    let at = 0;
    while (this.#outlet.isOpen && !this.#isShakingHands) {
      const from = at;
      if (this.#content !== undefined) at = this.#readContent(this.#content, input, from);
      else if (this.#chunk !== undefined) at = this.#readChunk(this.#chunk, input, from);
      else at = this.#line(input, from);
      if (at === from) break;
    }
    // The array belongs to the connection: what is left must be our own.
    // What came behind STARTTLS in clear is not read at all.
    const isLeft = at < input.length && !this.#outlet.isOver && !this.#isShakingHands;
    this.#unread = isLeft ? Buffer.from(input.subarray(at)) : undefined;
    this.#outlet.flush();
    const isHeld = !this.#outlet.isOpen && !this.#outlet.isOver;
    if (isHeld && (this.#isInContent || input.length > unreadMax)) {
      this.#connection.pause();
    }
  }

  #line(input: Buffer, from: number): number {
    const end = input.indexOf(lineFeed, from);
    if (end < 0) {
      if (input.length - from > lineMax) this.#outlet.end();
      return from;
    }
    this.#context.tally.command();
    if (this.#authLines > 0) {
      this.#authLines -= 1;
      this.#continueAuth();
    } else this.#command(verbAt(input, from), input, from, end);
    return end + 1;
  }

  #command(verb: Verb | undefined, input: Buffer, from: number, to: number): void {
    switch (verb) {
      case "EHLO":
      case "LHLO":
      case "HELO":
        return this.#hello(verb);
      case "MAIL":
        return this.#mail(input, from, to);
      case "RCPT":
        return this.#rcpt(input, from, to);
      case "DATA":
        return this.#data();
      case "BDAT":
        return this.#bdat(wordsIn(input, from, to));
      case "RSET":
        return this.#reset();
      case "NOOP":
        return void this.#answer("noop", replies.ok);
      case "VRFY":
        return void this.#answer("vrfy", replies.vrfy);
      case "QUIT":
        return void this.#answer("quit", replies.quit, () => this.#outlet.end());
      case "AUTH":
        return this.#auth(wordsIn(input, from, to));
      case "STAR":
        return this.#startTls();
      case undefined:
        this.#outlet.say(replies.unknown);
    }
  }

  #hello(verb: "EHLO" | "LHLO" | "HELO"): void {
    const { greeting, protocol, identity } = this.#context;
    const isLhlo = verb === "LHLO";
    if (
      isLhlo !== (protocol === "lmtp") ||
      (verb === "EHLO" && greeting.withheld.includes("EHLO"))
    ) {
      this.#outlet.say(replies.notHere);
      return;
    }
    this.#transaction = undefined;
    const canStartTls = identity !== undefined && !this.#isTls;
    const plain = `250 ${greeting.hostname}\r\n`;
    const text = verb === "HELO" ? plain : ehloReply(greeting, { canStartTls });
    this.#answer("ehlo", reply(text));
  }

  #mail(input: Buffer, from: number, to: number): void {
    const argument = pathIn(input, from, to);
    if (argument === undefined) {
      this.#outlet.say(replies.noPath);
      return;
    }
    if (this.#transaction !== undefined) {
      this.#outlet.say(replies.nestedMail);
      return;
    }
    const { path: reversePath, parameters } = argument;
    this.#asked = this.#context.faults.askedBySender(reversePath);
    if (this.#answer("mail", replies.mail)) {
      this.#transaction = new Transaction(reversePath, parameters);
      this.#context.tally.mail();
    }
  }

  #rcpt(input: Buffer, from: number, to: number): void {
    const argument = pathIn(input, from, to);
    if (argument === undefined || argument.path === "") {
      this.#outlet.say(replies.noPath);
      return;
    }
    if (this.#transaction === undefined) {
      this.#outlet.say(replies.needMail);
      return;
    }
    const { path: forwardPath, parameters } = argument;
    const asked = this.#context.faults.askedByRecipient(forwardPath);
    if (!this.#outlet.answer({ stage: "rcpt", reply: replies.rcpt, asked })) return;
    this.#transaction.recipients.push({ forwardPath, parameters, asked });
    if (asked.length > 0) this.#asked = [...this.#asked, ...asked];
  }

  #data(): void {
    if (this.#transaction === undefined || this.#transaction.recipients.length === 0) {
      this.#outlet.say(replies.needRcpt);
      return;
    }
    this.#answer("data", replies.data, () => {
      this.#content = this.#newContent();
    });
  }

  #newContent(): IncomingContent {
    return new IncomingContent(this.#context.tally.keepsNext() ? "whole" : "nothing");
  }

  /** RFC 3030 §2: the octets come whatever is said to them. */
  #bdat([, size = "", last]: readonly string[]): void {
    const isOffered = !this.#context.greeting.withheld.includes("CHUNKING");
    if (!isOffered || !/^[0-9]{1,12}$/.test(size)) {
      this.#outlet.say(isOffered ? replies.noSize : replies.unknown);
      return;
    }
    const transaction = this.#transaction;
    if (transaction !== undefined && transaction.recipients.length > 0) {
      transaction.chunks ??= this.#newContent();
    }
    const isLast = last?.toUpperCase() === "LAST";
    this.#chunk = { left: Number(size), isLast, content: transaction?.chunks };
    if (Number(size) === 0) this.#endOfChunk(this.#chunk);
  }

  #reset(): void {
    if (this.#answer("rset", replies.ok)) this.#transaction = undefined;
  }

  #auth([, mechanism = "", initial]: readonly string[]): void {
    const lines = mechanism.toUpperCase() === "LOGIN" ? 2 : 1;
    this.#authLines = lines - (initial === undefined ? 0 : 1);
    this.#continueAuth();
  }

  /** Any credentials will do. */
  #continueAuth(): void {
    if (this.#authLines > 0) this.#outlet.say(replies.goOnWithAuth);
    else this.#answer("auth", replies.authenticated);
  }

  #startTls(): void {
    const { identity } = this.#context;
    if (identity === undefined || this.#isTls) {
      this.#outlet.say(replies.notHere);
      return;
    }
    this.#answer("starttls", replies.startTls, () => {
      this.#outlet.flush();
      this.#transaction = undefined;
      this.#handshake(identity, () => {});
    });
  }

  #handshake(identity: TlsIdentity, then: () => void): void {
    this.#isTls = true;
    this.#isShakingHands = true;
    this.#connection.serveTls(identity).then(
      () => {
        this.#isShakingHands = false;
        this.#context.tally.tlsStarted();
        then();
      },
      () => this.#connection.destroy(),
    );
  }

  #readContent(content: IncomingContent, input: Buffer, from: number): number {
    if (from === input.length) return from;
    if (content.state === "waiting") {
      content.begin();
      this.#answer("content", noReply);
      if (!this.#outlet.isOpen) return from;
    }
    const next = content.read(input, from);
    if (content.state === "complete") this.#endOfData(content);
    return next;
  }

  #readChunk(chunk: Chunk, input: Buffer, from: number): number {
    const to = Math.min(input.length, from + chunk.left);
    if (to === from) return from;
    const { content } = chunk;
    if (content?.state === "waiting") {
      content.begin();
      this.#answer("content", noReply);
      if (!this.#outlet.isOpen) return from;
    }
    content?.take(input, from, to);
    chunk.left -= to - from;
    if (chunk.left === 0) this.#endOfChunk(chunk);
    return to;
  }

  #endOfChunk({ content, isLast }: Chunk): void {
    this.#chunk = undefined;
    if (content === undefined) this.#outlet.say(replies.needRcpt);
    else if (isLast) this.#endOfData(content);
    else this.#answer("data", replies.ok);
  }

  #endOfData(content: IncomingContent): void {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#content = undefined;
    if (transaction === undefined) return;
    const taken = this.#taken(transaction.recipients);
    if (taken.length === 0) return;
    const message = sunkMessage(transaction, { taken, content, isTls: this.#isTls });
    this.#context.tally.take(message, this.#context.clock.now());
  }

  /** RFC 2033 §4.2: in LMTP one reply for each recipient that was taken, else one for all. */
  #taken(recipients: readonly Recipient[]): readonly Recipient[] {
    if (this.#context.protocol === "smtp") {
      return this.#answer("end-of-data", replies.ok) ? recipients : [];
    }
    return recipients.filter(({ asked }) => {
      return this.#outlet.answer({ stage: "end-of-data", reply: replies.ok, asked });
    });
  }

  #answer(stage: Stage, right: Reply, then?: () => void): boolean {
    const due = { stage, reply: right, asked: this.#asked };
    return this.#outlet.answer(then === undefined ? due : { ...due, then });
  }
}
