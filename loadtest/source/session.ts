/**
 * One session of the source.
 *
 *   connect ─▶ ehlo [─▶ starttls ─▶ ehlo] [─▶ auth] ─▶ ready
 *   ready ─▶ mail ─▶ rcpt … ─▶ data ─▶ end-of-data ─▶ ready
 *   mail, rcpt, data ──refused──▶ rset ─▶ ready
 *   ready ──nothing more──▶ quit;  any ──421, closed──▶ over
 *
 * Replies are due in the order of `#due`; with pipelining the envelope is sent as a whole.
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

export class SourceSession implements ConnectionHandler, HasDeadline {
  deadline = Number.POSITIVE_INFINITY;
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #codes = new ReplyCodes();
  #due: SourceStage[] = ["connect"];
  #job: Job | undefined;
  #recipients = 0;
  #pathsSent = 0;
  #refusal: Result | undefined;
  #dotSentAt: number | undefined;
  #isTls = false;
  #why: string | undefined;

  constructor(connection: Connection, options: SessionOptions, owner: SessionOwner) {
    this.#connection = connection;
    this.#options = options;
    this.#owner = owner;
    this.#await();
    if (options.tls === "implicit") queueMicrotask(() => this.#handshake(() => {}));
  }

  /** To be called when it is ready. */
  send(job: Job): void {
    assert(this.#job === undefined && this.#due.length === 0, "one message at a time");
    this.#job = job;
    this.#recipients = 0;
    this.#pathsSent = 0;
    this.#refusal = undefined;
    this.#dotSentAt = undefined;
    const mail = `MAIL FROM:<${job.reversePath}>\r\n`;
    if (this.#options.pipelining === "never") {
      this.#say("mail", mail);
      return;
    }
    const recipients = job.forwardPaths.map((it) => `RCPT TO:<${it}>\r\n`).join("");
    this.#due.push("mail", ...job.forwardPaths.map(() => "rcpt" as const));
    this.#say("data", `${mail}${recipients}DATA\r\n`);
  }

  /** To be called when it is ready. */
  quit(): void {
    this.#say("quit", "QUIT\r\n");
  }

  destroy(why: string): void {
    this.#why ??= why;
    this.#connection.destroy();
  }

  expired(): void {
    this.destroy(`no reply to ${this.#due[0] ?? "nothing"} in time`);
  }

  data(bytes: Uint8Array): void {
    try {
      this.#codes.read(bytes, (code) => this.#reply(code));
    } catch (error) {
      this.destroy(error instanceof Error ? error.message : String(error));
    }
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

  #reply(code: number): void {
    const stage = this.#due.shift();
    if (code === 421) this.#why ??= `421 at ${stage ?? "rest"}`;
    if (stage === undefined) {
      this.destroy(`a reply that was not due: ${code}`);
      return;
    }
    this.#await();
    if (this.#job === undefined) this.#setUp(stage, code);
    else this.#transact(this.#job, stage, code);
  }

  #setUp(stage: SourceStage, code: number): void {
    const { tls, auth, hostname } = this.#options;
    if (code >= 400 && stage !== "rset") {
      this.destroy(`${code} at ${stage}`);
      return;
    }
    switch (stage) {
      case "connect":
        return this.#say("ehlo", `EHLO ${hostname}\r\n`);
      case "ehlo":
        if (tls === "starttls" && !this.#isTls) return this.#say("starttls", "STARTTLS\r\n");
        if (auth !== undefined) return this.#say("auth", `AUTH PLAIN ${plain(auth)}\r\n`);
        return this.#owner.ready(this);
      case "starttls":
        return this.#handshake(() => this.#say("ehlo", `EHLO ${hostname}\r\n`));
      case "quit":
        return this.#connection.end();
      default:
        return this.#owner.ready(this);
    }
  }

  #transact(job: Job, stage: SourceStage, code: number): void {
    const isYes = code < 400;
    if (!isYes) this.#refusal ??= { kind: "refused", stage, code };
    if (isYes && stage === "end-of-data" && this.#dotSentAt !== undefined) {
      const latencyMs = this.#owner.monotonic() - this.#dotSentAt;
      return this.#finish(job, { kind: "accepted", recipients: this.#recipients, latencyMs });
    }
    if (stage === "data" && isYes) return this.#sendContent(job);
    if (stage === "rcpt" && isYes) this.#recipients += 1;
    // With pipelining DATA is on its way, whatever was said to the envelope.
    if (this.#due.length > 0) return;
    const isEnvelope = stage === "rcpt" || (stage === "mail" && isYes);
    const path = job.forwardPaths[this.#pathsSent];
    if (isEnvelope && path !== undefined) {
      this.#pathsSent += 1;
      this.#say("rcpt", `RCPT TO:<${path}>\r\n`);
    } else if (isEnvelope && this.#recipients > 0) this.#say("data", "DATA\r\n");
    else this.#finish(job, this.#refusal ?? { kind: "refused", stage, code });
  }

  #sendContent(job: Job): void {
    this.#due.push("end-of-data");
    this.#await();
    if (this.#recipients === 0) {
      // RFC 2920 §3.1: a 354 without a recipient is answered with an empty message.
      this.#connection.write(Buffer.from(".\r\n"));
      return;
    }
    this.#dotSentAt = this.#owner.monotonic();
    this.#connection.write(job.mailData);
  }

  #finish(job: Job, result: Result): void {
    this.#job = undefined;
    this.#owner.done(job, result);
    // After a 421 the peer closes.
    if (this.#why !== undefined) return;
    if (this.#dotSentAt !== undefined) this.#owner.ready(this);
    else this.#say("rset", "RSET\r\n");
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

  #say(stage: SourceStage, text: string): void {
    this.#due.push(stage);
    this.#await();
    this.#connection.write(Buffer.from(text, "latin1"));
  }

  #await(): void {
    const isDue = this.#due.length > 0;
    const { replyTimeoutMs } = this.#owner;
    this.deadline = isDue ? this.#owner.monotonic() + replyTimeoutMs : Number.POSITIVE_INFINITY;
  }
}

function plain({ name, password }: { readonly name: string; readonly password: string }): string {
  return Buffer.from(`\0${name}\0${password}`).toString("base64");
}
