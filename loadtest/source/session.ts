/**
 * One session of the source.
 *
 *   connect ─▶ ehlo [─▶ starttls ─▶ ehlo] [─▶ auth] ─▶ ready
 *   ready ─▶ mail ─▶ rcpt … ─▶ data ─▶ end-of-data ─▶ ready
 *   ready ─▶ mail ─▶ rcpt … ─▶ end-of-data ─▶ ready     with BDAT
 *   mail, rcpt, data ──refused──▶ rset ─▶ ready
 *   ready ──nothing more──▶ quit;  any ──421, closed──▶ over
 *
 * Replies are due in the order of `#due`; with pipelining the envelope is sent as a whole, and with
 * BDAT the content, too.
 */
import { assert } from "#lib/assert";
import type { HasDeadline } from "#lib/deadlines";
import type { Connection, ConnectionHandler } from "#lib/net/transport";
import type { Job } from "./job.ts";
import { ReplyCodes } from "./reply-codes.ts";

export type SourceStage =
  | "connect"
  | "ehlo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "end-of-data"
  | "rset"
  | "quit";

export interface SessionOptions {
  readonly tls: "none" | "starttls" | "implicit";
  readonly auth: { readonly name: string; readonly password: string } | undefined;
  readonly pipelining: "never" | "envelope";
  /** RFC 3030: BDAT instead of DATA. Default: never. */
  readonly chunking?: "never" | "if-offered";
  readonly hostname: string;
}

/**
 * What became of a message that was begun. `unknown`: the final dot was sent, and no reply was
 * seen.
 */
export type Result =
  | { readonly kind: "accepted"; readonly recipients: number; readonly latencyMs: number }
  | { readonly kind: "refused"; readonly stage: SourceStage; readonly code: number }
  | { readonly kind: "unknown" }
  | { readonly kind: "aborted" };

export interface SessionOwner {
  /** Greeted, and under TLS and authenticated where that is wanted; or after a message. */
  ready(session: SourceSession): void;
  done(job: Job, result: Result): void;
  /** Once, last. */
  over(session: SourceSession, why: string | undefined): void;
  monotonic(): number;
  readonly replyTimeoutMs: number;
}

const dataCommand = Buffer.from("DATA\r\n");
const resetCommand = Buffer.from("RSET\r\n");
const quitCommand = Buffer.from("QUIT\r\n");
const emptyMessage = Buffer.from(".\r\n");

export class SourceSession implements ConnectionHandler, HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  /** Messages begun in it. */
  begun = 0;
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #codes = new ReplyCodes();
  readonly #heard = (code: number, lines: readonly string[]) => this.#reply(code, lines);
  #due: SourceStage[] = ["connect"];
  #job: Job | undefined;
  /** With a yes. */
  #recipients = 0;
  #rcptsSent = 0;
  #refusal: Result | undefined;
  #dotSentAt: number | undefined;
  #isTls = false;
  #isChunking = false;
  #isReading = false;
  /** On the monotonic clock, when something last arrived or was sent. */
  #now: number;
  #why: string | undefined;

  constructor(connection: Connection, options: SessionOptions, owner: SessionOwner) {
    this.#connection = connection;
    this.#options = options;
    this.#owner = owner;
    this.#now = owner.monotonic();
    this.#await();
    if (options.tls === "implicit") queueMicrotask(() => this.#handshake(() => {}));
  }

  /** To be called when it is ready. */
  send(job: Job): void {
    assert(this.#job === undefined && this.#due.length === 0, "one message at a time");
    this.begun += 1;
    this.#job = job;
    this.#recipients = 0;
    this.#rcptsSent = 0;
    this.#refusal = undefined;
    this.#dotSentAt = undefined;
    if (this.#options.pipelining === "never") this.#say("mail", job.mail);
    else this.#sendEnvelope(job);
  }

  /** To be called when it is ready. */
  quit(): void {
    this.#say("quit", quitCommand);
  }

  destroy(why: string): void {
    this.#why ??= why;
    this.#connection.destroy();
  }

  expired(): void {
    this.destroy(`no reply to ${this.#due[0] ?? "nothing"} in time`);
  }

  data(bytes: Uint8Array): void {
    // One look at the clock for all that has come, and for what is said to it.
    this.#now = this.#owner.monotonic();
    this.#isReading = true;
    try {
      this.#codes.read(bytes, this.#heard);
    } catch (error) {
      this.destroy(error instanceof Error ? error.message : String(error));
    }
    this.#isReading = false;
    this.#await();
  }

  closed(error?: Error): void {
    const job = this.#job;
    this.#job = undefined;
    if (job !== undefined) {
      this.#owner.done(job, { kind: this.#dotSentAt === undefined ? "aborted" : "unknown" });
    }
    const isOrderly = this.#due[0] === "quit" || this.#due.length === 0;
    const why = isOrderly ? undefined : "closed by the peer";
    this.#owner.over(this, this.#why ?? error?.message ?? why);
  }

  #reply(code: number, lines: readonly string[]): void {
    const stage = this.#due.shift();
    if (code === 421) this.#why ??= `421 at ${stage ?? "rest"}`;
    if (stage === undefined) {
      this.destroy(`a reply that was not due: ${code}`);
      return;
    }
    if (stage === "ehlo") this.#isChunking = this.#mayChunk(lines);
    if (this.#job === undefined) this.#setUp(stage, code);
    else this.#transact(this.#job, stage, code);
  }

  #mayChunk(lines: readonly string[]): boolean {
    const isWanted = this.#options.chunking === "if-offered";
    return isWanted && lines.some((it) => it.toUpperCase() === "CHUNKING");
  }

  #setUp(stage: SourceStage, code: number): void {
    const { tls, auth, hostname } = this.#options;
    if (code >= 400 && stage !== "rset") {
      this.destroy(`${code} at ${stage}`);
      return;
    }
    switch (stage) {
      case "connect":
        return this.#say("ehlo", Buffer.from(`EHLO ${hostname}\r\n`));
      case "ehlo":
        if (tls === "starttls" && !this.#isTls)
          return this.#say("starttls", Buffer.from("STARTTLS\r\n"));
        if (auth !== undefined)
          return this.#say("auth", Buffer.from(`AUTH PLAIN ${plain(auth)}\r\n`));
        return this.#owner.ready(this);
      case "starttls":
        return this.#handshake(() => this.#say("ehlo", Buffer.from(`EHLO ${hostname}\r\n`)));
      case "quit":
        return this.#connection.end();
      default:
        return this.#owner.ready(this);
    }
  }

  #transact(job: Job, stage: SourceStage, code: number): void {
    const isYes = code < 400;
    if (!isYes) this.#refusal ??= { kind: "refused", stage, code };
    const isContent = stage === "end-of-data" && this.#recipients > 0;
    if (isYes && isContent && this.#dotSentAt !== undefined) {
      const latencyMs = this.#now - this.#dotSentAt;
      return this.#finish(job, { kind: "accepted", recipients: this.#recipients, latencyMs });
    }
    if (stage === "data" && isYes) return this.#sendContent(job);
    if (stage === "rcpt" && isYes) this.#recipients += 1;
    // With pipelining DATA is on its way, whatever was said to the envelope.
    if (this.#due.length > 0) return;
    const isEnvelope = stage === "rcpt" || (stage === "mail" && isYes);
    if (isEnvelope && this.#rcptsSent < job.recipients) {
      this.#say("rcpt", job.rcpt(this.#rcptsSent));
      this.#rcptsSent += 1;
    } else if (!isEnvelope || this.#recipients === 0) {
      this.#finish(job, this.#refusal ?? { kind: "refused", stage, code });
    } else if (this.#isChunking) this.#sendContent(job);
    else this.#say("data", dataCommand);
  }

  #sendEnvelope(job: Job): void {
    this.#due.push("mail");
    for (let k = 0; k < job.recipients; k++) this.#due.push("rcpt");
    if (!this.#isChunking) {
      this.#say("data", job.envelope(dataCommand));
      return;
    }
    // RFC 3030 §4.2: a chunk may be on its way before the envelope is answered.
    this.#say("end-of-data", job.envelope(job.mailData("bdat")));
    this.#dotSentAt = this.#now;
  }

  #sendContent(job: Job): void {
    // RFC 2920 §3.1: a 354 without a recipient is answered with an empty message.
    if (this.#recipients === 0) this.#say("end-of-data", emptyMessage);
    else {
      this.#say("end-of-data", job.mailData(this.#isChunking ? "bdat" : "data"));
      this.#dotSentAt = this.#now;
    }
  }

  #finish(job: Job, result: Result): void {
    this.#job = undefined;
    this.#owner.done(job, result);
    // After a 421 the peer closes.
    if (this.#why !== undefined) return;
    // RFC 3030 §2: a chunk that is refused does not end the transaction.
    const isOver =
      this.#dotSentAt !== undefined && !(this.#isChunking && result.kind === "refused");
    if (isOver) this.#owner.ready(this);
    else this.#say("rset", resetCommand);
  }

  #handshake(then: () => void): void {
    this.#codes.forget();
    this.#connection.startTls("sink.example").then(
      () => {
        this.#isTls = true;
        then();
      },
      (error: Error) => this.destroy(error.message),
    );
  }

  #say(stage: SourceStage, octets: Buffer): void {
    this.#due.push(stage);
    if (!this.#isReading) {
      this.#now = this.#owner.monotonic();
      this.#await();
    }
    this.#connection.write(octets);
  }

  #await(): void {
    const isDue = this.#due.length > 0;
    const { replyTimeoutMs } = this.#owner;
    this.deadline = isDue ? this.#now + replyTimeoutMs : Number.POSITIVE_INFINITY;
  }
}

function plain({ name, password }: { readonly name: string; readonly password: string }): string {
  return Buffer.from(`\0${name}\0${password}`).toString("base64");
}
