/** Drives a `ClientSession` over a connection: bytes, TLS, timeouts. Decides nothing about mail. */
import { assert } from "#lib/assert";
import type { Clock } from "#lib/clock";
import type { Deadlines, HasDeadline } from "#lib/deadlines";
import { protocolName } from "#lib/message/trace-field";
import { connectBy, type Egress, EgressFailed } from "#lib/net/egress/egress";
import type {
  Connection,
  ConnectionHandler,
  Endpoint,
  TlsInfo,
  Transport,
} from "#lib/net/transport";
import { noCapabilities } from "#lib/smtp/client/capabilities";
import { ClientSession } from "#lib/smtp/client/session";
import type {
  ClientSettings,
  ClientStep,
  ClientTransaction,
  RecipientResult,
  SessionFailure,
} from "#lib/smtp/client/step";
import type { Timings } from "../config.ts";
import { Outgoing } from "./outgoing.ts";
import { type Following, followingOf, type TransactionReport } from "./transaction-report.ts";

export interface RemoteHost extends Endpoint {
  /** As named by the MX record or route; for logs and Remote-MTA. */
  readonly name: string;
  readonly protocol: "smtp" | "lmtp";
  /** An operator named it: what it can take is known to be agreed upon. */
  readonly isRouted: boolean;
}

/** Is told of each session, whatever becomes of it. */
export interface SessionWatcher {
  opened(session: RemoteSession): void;
  /** Its connection is no more. */
  gone(session: RemoteSession): void;
}

export interface RemoteSessionPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly timings: Timings;
  readonly watcher?: SessionWatcher;
  /** Absent: as the machine connects. */
  readonly egress?: Egress;
  /** Nothing more may be sent, but what has sent its final dot is waited for. Absent: never. */
  readonly isOver?: () => boolean;
}

export type Opened =
  | { readonly kind: "session"; readonly session: RemoteSession }
  /** `isEgress`: our way out failed, not the host. */
  | { readonly kind: "refused"; readonly failure: SessionFailure; readonly isEgress?: true };

interface Running {
  readonly asked: ClientTransaction;
  readonly results: (RecipientResult | undefined)[];
  readonly done: (report: TransactionReport) => void;
  /** Called once, when another may follow. */
  sent: (() => void) | undefined;
  following: Following | undefined;
  /** A follower waits no longer for a word. */
  readonly patientUntil: number;
}

/** So long a follower waits until something is said to it: then another connection may have it. */
const patienceMs = 30_000;
const notOurs = "given up: this worker no longer owns the shard";

export class RemoteSession implements ConnectionHandler, HasDeadline {
  readonly host: RemoteHost;
  deadline = Number.POSITIVE_INFINITY;
  readonly #ports: RemoteSessionPorts;
  readonly #session: ClientSession;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  #tls: TlsInfo | undefined;
  #running: Running | undefined;
  #follower: Running | undefined;
  #isOpen = true;
  #transactions = 0;
  #opened: ((opened: Opened) => void) | undefined;
  #onClosed: (() => void) | undefined;

  /** Connects, greets, and shakes hands as `settings` says. Never rejects. */
  static open(
    host: RemoteHost,
    settings: ClientSettings,
    ports: RemoteSessionPorts,
  ): Promise<Opened> {
    return new Promise((resolve) => {
      const timeoutMs = ports.timings.connectMs;
      const handler = (connection: Connection) => {
        const session = new RemoteSession(host, { settings, connection, ports });
        session.#opened = resolve;
        session.#carryOut(session.#session.start());
        return session;
      };
      const { transport, egress = {}, clock } = ports;
      const wanted = { to: host, options: { timeoutMs, clock }, handler };
      connectBy(transport, egress, wanted).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        const isEgress = error instanceof EgressFailed ? { isEgress: true as const } : {};
        resolve({ kind: "refused", failure: { stage: "connect", reason }, ...isEgress });
      });
    });
  }

  private constructor(
    host: RemoteHost,
    with_: { settings: ClientSettings; connection: Connection; ports: RemoteSessionPorts },
  ) {
    this.host = host;
    this.#ports = with_.ports;
    this.#connection = with_.connection;
    this.#outgoing = new Outgoing(with_.connection);
    this.#session = new ClientSession(with_.settings);
    with_.ports.deadlines.watch(this);
    with_.ports.watcher?.opened(this);
  }

  /** The session may take another transaction. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  get transactions(): number {
    return this.#transactions;
  }

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  /** The registered name of how mail goes over it (RFC 3848). */
  get transmission(): string {
    if (this.host.protocol === "lmtp") return this.#tls === undefined ? "LMTP" : "LMTPS";
    const isExtended = this.#session.capabilities !== noCapabilities;
    const isTls = this.#tls !== undefined;
    return protocolName({ isExtended, isTls, isAuthenticated: false, isSmtpUtf8: false });
  }

  /**
   * Sends one message. Never rejects: a lost connection is a result. One at a time, but for one that
   * follows: `sent` is called when it may, behind the final dot.
   */
  transact(asked: ClientTransaction, sent?: () => void): Promise<TransactionReport> {
    assert(this.#isOpen, "a closed session takes no transaction");
    this.#transactions += 1;
    return new Promise((done) => {
      const patientUntil = this.#ports.clock.monotonic() + patienceMs;
      const results = new Array<RecipientResult | undefined>(asked.recipients.length);
      const running = { asked, results, done, sent, following: undefined, patientUntil };
      if (this.#running === undefined) {
        this.#running = running;
        this.#carryOut(this.#session.transact(asked));
      } else {
        assert(this.#follower === undefined, "one transaction may follow another");
        this.#follower = running;
        this.#carryOut(this.#session.follow(asked));
      }
    });
  }

  /** `closed` is called once when an idle session ends by itself. */
  onClosed(closed: () => void): void {
    this.#onClosed = closed;
  }

  /** An orderly end: QUIT, its reply, close. */
  quit(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#carryOut(this.#session.quit());
  }

  /** The end at once of one that is leaving. */
  abort(): void {
    this.#abandon("the session was closed");
  }

  /**
   * Ends at once, unless the final dot was sent: then the reply is awaited (DESIGN §5: fenced). True
   * when the transaction was under way and is withdrawn.
   */
  dropUnlessCommitted(asked: ClientTransaction): boolean {
    if (this.#follower?.asked === asked) this.#withdrawFollower(notOurs);
    else if (this.#running?.asked !== asked) return false;
    else if (this.#session.waitingFor === "dataTermination" || this.#isAnswered) return false;
    else this.#abandon(notOurs);
    return true;
  }

  data(bytes: Uint8Array): void {
    if (this.#isTooLate) return this.#abandon(notOurs);
    // Its last word was said: who goes on is not listened to, however fast it is.
    if (!this.#isOpen && this.#session.waitingFor === "nothing") return this.#connection.destroy();
    // The reply to the final dot is welcome, what stands behind it would have us send more.
    if (this.#isOver) this.#withdrawFollower(notOurs);
    const { replies } = this.#session;
    const steps = this.#session.receive(bytes);
    // Part of a reply buys no more time, nor does what comes behind the end: a server could send for ever.
    if (steps.length > 0 || this.#session.replies > replies) this.#carryOut(steps);
  }

  /** The peer takes what we send, if slowly: the next piece has its own time. */
  drained(): void {
    if (this.#isTooLate) return this.#abandon(notOurs);
    this.#outgoing.drained();
    this.#session.unsent(this.#outgoing.unsent);
    this.#setDeadline();
    this.#tellSent();
  }

  ended(): void {
    this.#abandon("connection closed by the remote host");
  }

  closed(error?: Error): void {
    const { deadlines, watcher } = this.#ports;
    deadlines.forget(this);
    watcher?.gone(this);
    this.#carryOut(this.#session.connectionLost(error?.message ?? "connection closed"));
    this.#finish("connection closed");
  }

  expired(): void {
    if (this.#patientUntil <= this.#ports.clock.monotonic()) {
      this.#withdrawFollower("the reply to the message before it did not come");
      return this.#setDeadline();
    }
    const waitedFor = this.#session.waitingFor;
    this.#carryOut(this.#session.timedOut());
    this.#finish(`timeout while waiting for ${waitedFor}`);
    this.#connection.destroy();
  }

  /** Behind a pause what has arrived meanwhile comes before the timer that should have stopped us. */
  get #isTooLate(): boolean {
    return this.#isOver && this.#session.waitingFor !== "dataTermination";
  }

  /** The reply to the final dot has come, and is told with those to the envelope behind it. */
  get #isAnswered(): boolean {
    return this.#follower !== undefined && !this.#session.hasFollower;
  }

  get #isOver(): boolean {
    return this.#ports.isOver?.() === true;
  }

  #abandon(reason: string): void {
    this.#carryOut(this.#session.connectionLost(reason));
    this.#finish(reason);
    this.#connection.destroy();
  }

  #carryOut(steps: readonly ClientStep[]): void {
    for (const step of steps) this.#step(step);
    this.#setDeadline();
    this.#tellSent();
  }

  #tellSent(): void {
    const running = this.#running;
    if (running?.sent === undefined || !this.#session.canFollow) return;
    const { sent } = running;
    running.sent = undefined;
    sent();
  }

  #setDeadline(): void {
    const waitingFor = this.#session.waitingFor;
    if (waitingFor === "nothing" && this.#isOpen) {
      this.deadline = Number.POSITIVE_INFINITY;
      return;
    }
    // A peer that does not close in its turn gets as long as one that does not answer QUIT.
    const { reply } = this.#ports.timings;
    const timeoutMs = waitingFor === "nothing" ? reply.quit : reply[waitingFor];
    const deadline = this.#ports.clock.monotonic() + timeoutMs;
    this.deadline = Math.min(deadline, this.#patientUntil);
  }

  /** Who follows waits so long for the first word. */
  get #patientUntil(): number {
    const follower = this.#session.isFollowerUnheard ? this.#follower : undefined;
    return follower?.patientUntil ?? Number.POSITIVE_INFINITY;
  }

  #step(step: ClientStep): void {
    switch (step.kind) {
      case "send":
        this.#outgoing.send(step.bytes);
        this.#session.unsent(this.#outgoing.unsent);
        return;
      case "startTls":
        this.#shakeHands();
        return;
      case "ready":
        this.#tellOpened({ kind: "session", session: this });
        return;
      case "settle":
        if (this.#running !== undefined) this.#running.results[step.index] = step.result;
        return;
      case "transactionDone":
        this.#transactionDone(step.isReusable);
        return;
      case "failed":
        this.#isOpen = false;
        this.#tellOpened({ kind: "refused", failure: step.failure });
        this.#connection.end();
        return;
      case "closed":
        this.#isOpen = false;
        this.#connection.end();
        return;
    }
  }

  #shakeHands(): void {
    this.#connection
      .startTls(this.host.name)
      .then(
        (tls) => {
          this.#tls = tls;
          return this.#session.tlsStarted();
        },
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          return this.#session.tlsFailed(reason);
        },
      )
      .then((steps) => this.#carryOut(steps))
      .catch((error: unknown) => this.#abandon(String(error)));
  }

  #transactionDone(isReusable: boolean): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = this.#follower;
    this.#follower = undefined;
    if (!isReusable) this.#isOpen = false;
    const results = running.results.map((result) => {
      assert(result !== undefined, "every recipient is settled before the transaction is done");
      return result;
    });
    if (this.#running !== undefined) this.#running.following = followingOf(results, isReusable);
    this.#report(running, results);
  }

  #withdrawFollower(reason: string): void {
    const follower = this.#follower;
    if (follower === undefined) return;
    if (this.#isAnswered) return this.#abandon(reason);
    this.#follower = undefined;
    this.#session.withdrawFollower();
    follower.following = "unbegun";
    const result = { stage: "mail", reason, isInDoubt: false } as const;
    this.#report(
      follower,
      follower.asked.recipients.map(() => result),
    );
  }

  #report({ done, following }: Running, results: readonly RecipientResult[]): void {
    const dsnOffered = this.#session.capabilities.dsn;
    const how = following === undefined ? {} : { following };
    done({ results, isReusable: this.#isOpen, dsnOffered, ...how });
  }

  #tellOpened(opened: Opened): void {
    const tell = this.#opened;
    this.#opened = undefined;
    tell?.(opened);
  }

  #finish(reason: string): void {
    this.#isOpen = false;
    this.#tellOpened({ kind: "refused", failure: { stage: "greeting", reason } });
    assert(this.#running === undefined, "a lost connection settles the running transaction");
    const closed = this.#onClosed;
    this.#onClosed = undefined;
    closed?.();
  }
}
