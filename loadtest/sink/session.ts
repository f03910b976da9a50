/**
 * One session of a sink: as little of SMTP as can be measured against, and every fault that was
 * asked for.
 *
 *   command ──DATA, 354──▶ content ──final dot──▶ command
 *
 * While the outlet is held by a fault nothing is read; when it is over nothing is read any more.
 */
import type { Clock } from "#lib/clock";
import type { Connection, ConnectionHandler, TlsIdentity } from "#lib/net/transport";
import type { Stage } from "./fault.ts";
import type { Asked, Faults } from "./faults.ts";
import { ehloReply, type Greeting } from "./greeting.ts";
import { IncomingContent } from "./incoming-content.ts";
import { Outlet } from "./outlet.ts";
import type { Keep, SunkRecipient, Tally } from "./tally.ts";

export interface SessionContext {
  readonly greeting: Greeting;
  readonly protocol: "smtp" | "lmtp";
  readonly identity: TlsIdentity | undefined;
  readonly keep: Keep;
  readonly faults: Faults;
  readonly tally: Tally;
  readonly clock: Clock;
}

interface Recipient extends SunkRecipient {
  readonly asked: readonly Asked[];
}

interface Transaction {
  readonly reversePath: string;
  readonly parameters: string;
  readonly recipients: Recipient[];
}

const lineMax = 65_536;
const unreadMax = 1_048_576;
const lineFeed = 10;
const ok = "250 2.0.0 Ok\r\n";
const pathPattern = /<((?:"(?:\\.|[^"\\])*"|[^>"])*)>[ \t]*(.*)$/;

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
  #asked: Asked[] = [];
  #content: IncomingContent | undefined;

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
    this.#answer("connect", text);
    this.#outlet.flush();
  }

  /** Implicit TLS: the handshake comes first. */
  startUnderTls(identity: TlsIdentity): void {
    this.#handshake(identity, () => this.start());
  }

  /** There are too many sessions. */
  refuse(): void {
    this.#outlet.say(`421 4.3.2 ${this.#context.greeting.hostname} Too many sessions\r\n`);
    this.#outlet.end();
    this.#outlet.flush();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  data(bytes: Uint8Array): void {
    if (this.#outlet.isOver) {
      // Silent in the middle of the content: the peer must not be able to send the rest.
      if (this.#content !== undefined) this.#connection.pause();
      return;
    }
    const arrived = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

  #read(input: Buffer): void {
    let at = 0;
    while (this.#outlet.isOpen && !this.#isShakingHands) {
      const from = at;
      at = this.#content ? this.#readContent(this.#content, input, from) : this.#line(input, from);
      if (at === from) break;
    }
    // The array belongs to the connection: what is left must be our own.
    // What came behind STARTTLS in clear is not read at all.
    const isLeft = at < input.length && !this.#outlet.isOver && !this.#isShakingHands;
    this.#unread = isLeft ? Buffer.from(input.subarray(at)) : undefined;
    this.#outlet.flush();
    const isHeld = !this.#outlet.isOpen && !this.#outlet.isOver;
    if (isHeld && (this.#content !== undefined || input.length > unreadMax)) {
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
    const line = input.toString("utf8", from, end).trimEnd();
    if (this.#authLines > 0) {
      this.#authLines -= 1;
      this.#continueAuth();
    } else this.#command(line);
    return end + 1;
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    switch (verb) {
      case "EHLO":
      case "LHLO":
      case "HELO":
        return this.#hello(verb);
      case "MAIL":
        return this.#mail(line);
      case "RCPT":
        return this.#rcpt(line);
      case "DATA":
        return this.#data();
      case "RSET":
        return this.#reset();
      case "NOOP":
        return void this.#answer("noop", "250 2.0.0 Ok\r\n");
      case "VRFY":
        return void this.#answer("vrfy", "252 2.5.0 Perhaps\r\n");
      case "QUIT":
        return void this.#answer("quit", "221 2.0.0 Bye\r\n", () => this.#outlet.end());
      case "AUTH":
        return this.#auth(line);
      case "STAR":
        return this.#startTls();
      default:
        this.#outlet.say("500 5.5.2 What?\r\n");
    }
  }

  #hello(verb: "EHLO" | "LHLO" | "HELO"): void {
    const { greeting, protocol, identity } = this.#context;
    const isLhlo = verb === "LHLO";
    if (
      isLhlo !== (protocol === "lmtp") ||
      (verb === "EHLO" && greeting.withheld.includes("EHLO"))
    ) {
      this.#outlet.say("502 5.5.1 Not here\r\n");
      return;
    }
    this.#transaction = undefined;
    const canStartTls = identity !== undefined && !this.#isTls;
    const plain = `250 ${greeting.hostname}\r\n`;
    this.#answer("ehlo", verb === "HELO" ? plain : ehloReply(greeting, { canStartTls }));
  }

  #mail(line: string): void {
    const [, reversePath, parameters = ""] = pathPattern.exec(line) ?? [];
    if (reversePath === undefined) {
      this.#outlet.say("501 5.5.4 No path\r\n");
      return;
    }
    if (this.#transaction !== undefined) {
      this.#outlet.say("503 5.5.1 Nested MAIL\r\n");
      return;
    }
    const asked = this.#context.faults.askedBy(reversePath);
    this.#asked = asked === undefined ? [] : [asked];
    if (this.#answer("mail", "250 2.1.0 Ok\r\n")) {
      this.#transaction = { reversePath, parameters, recipients: [] };
      this.#context.tally.mail();
    }
  }

  #rcpt(line: string): void {
    const [, forwardPath = "", parameters = ""] = pathPattern.exec(line) ?? [];
    if (forwardPath === "") {
      this.#outlet.say("501 5.5.4 No path\r\n");
      return;
    }
    if (this.#transaction === undefined) {
      this.#outlet.say("503 5.5.1 Need MAIL\r\n");
      return;
    }
    const one = this.#context.faults.askedBy(forwardPath);
    const asked = one === undefined ? [] : [one];
    if (!this.#outlet.answer({ stage: "rcpt", text: "250 2.1.5 Ok\r\n", asked })) return;
    this.#transaction.recipients.push({ forwardPath, parameters, asked });
    this.#asked.push(...asked);
  }

  #data(): void {
    if (this.#transaction === undefined || this.#transaction.recipients.length === 0) {
      this.#outlet.say("503 5.5.1 Need RCPT\r\n");
      return;
    }
    this.#answer("data", "354 Go on\r\n", () => {
      this.#content = new IncomingContent(this.#context.keep === "nothing" ? "nothing" : "whole");
    });
  }

  #reset(): void {
    if (this.#answer("rset", "250 2.0.0 Ok\r\n")) this.#transaction = undefined;
  }

  #auth(line: string): void {
    const [, mechanism = "", initial] = line.split(" ");
    const lines = mechanism.toUpperCase() === "LOGIN" ? 2 : 1;
    this.#authLines = lines - (initial === undefined ? 0 : 1);
    this.#continueAuth();
  }

  /** Any credentials will do. */
  #continueAuth(): void {
    if (this.#authLines > 0) this.#outlet.say("334 \r\n");
    else this.#answer("auth", "235 2.7.0 Welcome\r\n");
  }

  #startTls(): void {
    const { identity } = this.#context;
    if (identity === undefined || this.#isTls) {
      this.#outlet.say("502 5.5.1 Not here\r\n");
      return;
    }
    this.#answer("starttls", "220 2.0.0 Go on\r\n", () => {
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
      this.#answer("content", "");
      if (!this.#outlet.isOpen) return from;
    }
    const next = content.read(input, from);
    if (content.state === "complete") this.#endOfData(content);
    return next;
  }

  #endOfData(content: IncomingContent): void {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#content = undefined;
    if (transaction === undefined) return;
    const { recipients, reversePath, parameters } = transaction;
    const taken = this.#taken(recipients);
    if (taken.length === 0) return;
    this.#context.tally.take(
      {
        reversePath,
        mailParameters: parameters,
        recipients: taken,
        content: content.whole(),
        id: content.id,
        sizeBytes: content.size,
        isTls: this.#isTls,
      },
      this.#context.clock.now(),
    );
  }

  /** RFC 2033 §4.2: in LMTP one reply for each recipient that was taken, else one for all. */
  #taken(recipients: readonly Recipient[]): readonly Recipient[] {
    if (this.#context.protocol === "smtp") return this.#answer("end-of-data", ok) ? recipients : [];
    return recipients.filter(({ asked }) => {
      return this.#outlet.answer({ stage: "end-of-data", text: ok, asked });
    });
  }

  #answer(stage: Stage, text: string, then?: () => void): boolean {
    const due = { stage, text, asked: this.#asked };
    return this.#outlet.answer(then === undefined ? due : { ...due, then });
  }
}
