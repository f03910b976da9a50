/**
 * Drives one client's connection: bytes go into the session, the session's steps are carried out.
 *
 * handshake → serving → closing → closed; a connection without implicit TLS begins with serving,
 * and STARTTLS leads from serving through handshake back to serving.
 * Only `serving` touches the session; in every other phase the peer's bytes are thrown away.
 */
import type { CancelTimer, Clock } from "#lib/clock";
import type { HasDeadline } from "#lib/deadlines";
import type { Connection, ConnectionHandler } from "#lib/net/transport";
import { encodeReply, type Reply, reply } from "#lib/smtp/reply";
import { refusesMessage } from "#lib/smtp/server/replies";
import { ServerSession } from "#lib/smtp/server/session";
import type { ServerAnswer, ServerSettings, ServerStep } from "#lib/smtp/server/step";
import { Client, type ClientContext } from "./client.ts";
import type { EdgeLimits } from "./config.ts";
import { ReplyWriter } from "./reply-writer.ts";

export interface ConnectionContext extends ClientContext {
  readonly limits: EdgeLimits;
  readonly clock: Clock;
}

export interface ClientConnectionOptions {
  readonly context: ConnectionContext;
  readonly connection: Connection;
  /** The client's, which is not the other end's behind a proxy. */
  readonly clientAddress: string;
  readonly settings: ServerSettings;
  /** Called once, when the connection is gone. */
  readonly gone: (connection: ClientConnection) => void;
}

type Phase = "handshake" | "serving" | "closing" | "closed";
type Question = Exclude<ServerStep, { kind: "reply" | "close" }>;

export class ClientConnection implements ConnectionHandler, HasDeadline {
  readonly #context: ConnectionContext;
  readonly #connection: Connection;
  readonly #client: Client;
  readonly #session: ServerSession;
  readonly #writer: ReplyWriter;
  readonly #gone: (connection: ClientConnection) => void;
  #phase: Phase = "serving";
  #lastActivityAt: number;
  #heldBytes = 0;
  #contentSince = 0;
  /** Received since the last activity. */
  #tricklingBytes = 0;
  #isPaused = false;
  #hasPeerEnded = false;
  #cancelPause: CancelTimer | undefined;

  constructor({ context, connection, clientAddress, settings, gone }: ClientConnectionOptions) {
    this.#context = context;
    this.#connection = connection;
    this.#client = new Client(clientAddress, context);
    this.#session = new ServerSession(settings);
    this.#writer = new ReplyWriter(connection);
    this.#gone = gone;
    this.#lastActivityAt = context.clock.monotonic();
  }

  /** Greets; under implicit TLS after the handshake. `begun`: what it has sent already. */
  start(begun: Uint8Array = nothing): void {
    if (this.#context.listener.tls.implicit) this.#upgrade(() => this.#session.greet(), begun);
    else {
      this.#run(() => this.#session.greet());
      if (begun.length > 0) this.data(begun);
    }
  }

  get clientAddress(): string {
    return this.#client.address;
  }

  get listenerName(): string {
    return this.#context.listener.name;
  }

  /**
   * On the monotonic clock. Read once a second for all connections; so no command costs a timer.
   */
  get deadline(): number {
    const { load, limits } = this.#context;
    if (this.#phase === "serving" && !this.#session.isWaiting) {
      return this.#lastActivityAt + load.idleMs;
    }
    if (this.#phase === "handshake") {
      return this.#lastActivityAt + Math.min(limits.handshakeMs, load.idleMs);
    }
    if (this.#phase === "closing") return this.#lastActivityAt + limits.closingMs;
    // While the session waits it waits for us, and what it waits for has limits of its own.
    return Number.POSITIVE_INFINITY;
  }

  /**
   * The sweep marks an expired deadline; ours follows from the phase, so there is nothing to keep.
   */
  set deadline(_: number) {}

  expired(): void {
    if (this.#phase === "serving") this.#run(() => this.#session.timeout());
    else this.#connection.destroy();
  }

  data(bytes: Uint8Array): void {
    if (this.#phase !== "serving") return;
    this.#run(() => {
      const steps = this.#session.receive(bytes);
      this.#countActivity(bytes.length, steps.length > 0);
      return steps;
    });
    if (this.#session.isReadingContent && this.#context.load.isOverfull) this.#refuseForRoom();
  }

  drained(): void {
    this.#writer.drained();
    this.#balance();
  }

  ended(): void {
    this.#hasPeerEnded = true;
    this.#balance();
  }

  closed(error?: Error): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#cancelPause?.();
    this.#hold(0);
    if (error !== undefined) this.#note("connection_lost", error);
    this.#gone(this);
  }

  /** Says 421 as soon as no transaction runs. */
  drain(): void {
    if (this.#phase === "serving") this.#run(() => this.#session.shutdown());
    else if (this.#phase === "handshake") this.#connection.destroy();
  }

  /** Ends it in the middle of whatever it does. */
  abandon(): void {
    if (this.#phase === "serving") this.#sayGoodbye(shuttingDown);
    this.#connection.destroy();
  }

  /**
   * Carries steps out until the session waits for us or for the peer; replies go out as one
   * segment.
   */
  #run(begin: () => readonly ServerStep[]): void {
    try {
      let steps: readonly ServerStep[] | undefined = begin();
      while (steps !== undefined && this.#phase === "serving") steps = this.#carryOut(steps);
      if (this.#phase === "serving") {
        this.#writer.flush();
        this.#hold(this.#session.held);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#balance();
  }

  /** The steps that follow, when the last one was a question we could answer at once. */
  #carryOut(steps: readonly ServerStep[]): readonly ServerStep[] | undefined {
    for (const step of steps) {
      if (step.kind === "reply") this.#say(step.reply);
      else if (step.kind === "close") this.#close();
      else return this.#consider(step);
    }
    return undefined;
  }

  #consider(question: Question): readonly ServerStep[] | undefined {
    switch (question.kind) {
      case "admitMail":
        return this.#session.answer(this.#client.admitMail(question));
      case "admitRecipient": {
        const answer = this.#client.admitRecipient(question);
        if (!(answer instanceof Promise)) return this.#session.answer(answer);
        void this.#answerLater(answer);
        return undefined;
      }
      case "startTls":
        this.#writer.flush();
        this.#upgrade(() => this.#session.answer({ kind: "tlsStarted" }));
        return undefined;
      case "authenticate":
        void this.#answerLater(this.#client.authenticate(question));
        return undefined;
      case "acceptMessage":
        this.#context.metrics.contentRead(this.#context.clock.monotonic() - this.#contentSince);
        void this.#answerLater(this.#client.acceptMessage(question));
        return undefined;
      case "pause":
        this.#cancelPause = this.#context.clock.after(question.delayMs, () => {
          this.#resume({ kind: "resumed" });
        });
        return undefined;
    }
  }

  async #answerLater(pending: Promise<ServerAnswer>): Promise<void> {
    try {
      this.#resume(await pending);
    } catch (error) {
      this.#fail(error);
    }
  }

  #resume(answer: ServerAnswer): void {
    if (this.#phase !== "serving") return;
    this.#touch();
    this.#run(() => this.#session.answer(answer));
  }

  #upgrade(then: () => readonly ServerStep[], begun?: Uint8Array): void {
    this.#phase = "handshake";
    void this.#handshake(then, begun);
  }

  async #handshake(then: () => readonly ServerStep[], begun?: Uint8Array): Promise<void> {
    try {
      this.#client.isUnder(await this.#connection.serveTls(this.#context.identity, begun));
    } catch (error) {
      this.#note("tls_failed", error);
      this.#connection.destroy();
      return;
    }
    if (this.#phase !== "handshake") return;
    this.#phase = "serving";
    this.#touch();
    this.#run(then);
  }

  /** Keeps both directions within their limits, and closes when nothing is left to be done. */
  #balance(): void {
    if (this.#phase !== "serving") return;
    if (this.#hasPeerEnded && !this.#session.isWaiting) {
      this.#close();
      return;
    }
    const { unsentBytesMax } = this.#context.limits;
    this.#pauseReading(this.#session.isFull || this.#writer.unsentBytes > unsentBytesMax);
  }

  #pauseReading(shouldPause: boolean): void {
    if (shouldPause === this.#isPaused) return;
    this.#isPaused = shouldPause;
    if (shouldPause) this.#connection.pause();
    else this.#connection.resume();
  }

  #say(said: Reply): void {
    if (said.code === startMailInput) this.#contentSince = this.#context.clock.monotonic();
    if (said.class >= 4) this.#context.metrics.refused(said.code);
    if (refusesMessage(said)) this.#noteRefused(said);
    this.#writer.add(encodeReply(said));
  }

  #close(): void {
    this.#writer.flush();
    this.#phase = "closing";
    this.#cancelPause?.();
    this.#touch();
    this.#hold(0);
    // What still comes in is thrown away, but it must come in: unread bytes turn the close into a
    // reset that takes our last reply with it.
    this.#pauseReading(false);
    this.#connection.end();
  }

  #sayGoodbye(farewell: Reply): void {
    this.#say(farewell);
    this.#close();
  }

  #refuseForRoom(): void {
    this.#context.log.warn("message_refused", { ...this.#client.fields, code: outOfRoom.code });
    this.#sayGoodbye(outOfRoom);
  }

  /** A fault of ours: this session ends, its neighbours never notice. */
  #fail(error: unknown): void {
    this.#context.log.error("session_failed", { ...this.#client.fields, error });
    if (this.#phase === "serving") this.#sayGoodbye(sessionFailed);
  }

  #noteRefused({ code, status, lines }: Reply): void {
    const reason = lines.join(" ");
    this.#context.log.info("message_refused", { ...this.#client.fields, code, status, reason });
  }

  #countActivity(bytes: number, isWhole: boolean): void {
    this.#tricklingBytes += bytes;
    if (isWhole || this.#tricklingBytes >= this.#context.limits.activeBytesMin) this.#touch();
  }

  #touch(): void {
    this.#tricklingBytes = 0;
    this.#lastActivityAt = this.#context.clock.monotonic();
  }

  #hold(bytes: number): void {
    this.#context.load.hold(bytes - this.#heldBytes);
    this.#heldBytes = bytes;
  }

  #note(event: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#context.log.debug(event, { ...this.#client.fields, error: text });
  }
}

/** RFC 5321 §4.2.3. */
const startMailInput = 354;
const nothing = new Uint8Array();
const outOfRoom = reply(421, "4.3.1", "Insufficient system storage, closing connection");
const sessionFailed = reply(421, "4.3.0", "Local error, closing connection");
const shuttingDown = reply(421, "4.3.2", "Service shutting down, closing connection");
