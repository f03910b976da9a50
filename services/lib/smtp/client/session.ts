/**
 * The client's side of an SMTP or LMTP session: a function of bytes (RFC 5321, RFC 2033).
 *
 *   greeting ──▶ ehlo ──▶ (starttls ──▶ handshake ──▶ ehlo) ──▶ idle ◀──▶ transaction
 *                  └─▶ helo ─────────────────────────────────────┘
 *   idle ──quit──▶ quit ──▶ closed
 *   any ──refused, 421, no SMTP, connection lost──▶ closed
 *
 * Behind the final dot of a transaction the next one may follow before the reply (ADR 0021): when that
 * has come the follower is the transaction. If it never comes, nothing of the follower was begun. What
 * the reply said is told when the envelope behind it was answered as it should be.
 *
 * Nothing but the reply that is awaited may come: a server that says more has lost its place,
 * and what it says next would be taken for the answer to something else.
 */
import { assert } from "#lib/assert";
import type { Reply } from "../reply.ts";
import { type Capabilities, noCapabilities, readCapabilities } from "./capabilities.ts";
import { type Phase, stageOf, waitingForOf } from "./phase.ts";
import { ReplyReader } from "./reply-reader.ts";
import type { ClientSettings, ClientStep, ClientTransaction, WaitingFor } from "./step.ts";
import { OpenTransaction, type TransactionEnd } from "./transaction.ts";

/** A transaction whose envelope went out behind the final dot of the one before. */
interface Follower {
  readonly transaction: OpenTransaction;
  /** What is known of it already, told when its turn has come. */
  readonly told: readonly ClientStep[];
  /** There was nothing to send. */
  readonly end: TransactionEnd | undefined;
}

const none: readonly ClientStep[] = [];
const encoder = new TextEncoder();
const lostPlace = "the server lost its place behind the final dot";

export class ClientSession {
  readonly #settings: ClientSettings;
  readonly #reader = new ReplyReader();
  #phase: Phase = "greeting";
  #capabilities: Capabilities = noCapabilities;
  #isTls = false;
  #transaction: OpenTransaction | undefined;
  #follower: Follower | undefined;
  /** A follower was withdrawn: what the server says to its envelope is not listened to. */
  #isLast = false;
  /** Replies to the envelope behind a final dot whose reply is not told; undefined: nothing waits. */
  #heardBehind: number | undefined;
  #needsReset = false;
  #replies = 0;
  #steps: ClientStep[] = [];

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /** What the server offers now; forgotten by STARTTLS. */
  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  get waitingFor(): WaitingFor {
    if (this.#phase !== "transaction") return waitingForOf[this.#phase];
    switch (this.#transaction?.stage) {
      case "rcpt":
        return "rcpt";
      case "data":
        return "dataInitiation";
      case "dot":
        return this.#transaction.isDotSent ? "dataTermination" : "dataBlock";
      default:
        return "mail";
    }
  }

  /** Whole replies so far: RFC 5321 §4.5.3.2 gives each of them its time, not each of its lines. */
  get replies(): number {
    return this.#replies;
  }

  /** The connection is there. RFC 5321 §4.3.1: the server speaks first. */
  start(): readonly ClientStep[] {
    assert(this.#phase === "greeting", "a session starts once");
    return none;
  }

  /** `bytes` may be reused after. */
  receive(bytes: Uint8Array): readonly ClientStep[] {
    if (this.#phase === "closed" || bytes.length === 0) return none;
    this.#reader.push(bytes);
    this.#readReplies();
    this.#reader.keep();
    return this.#takeSteps();
  }

  tlsStarted(): readonly ClientStep[] {
    if (this.#phase === "closed") return none;
    assert(this.#phase === "handshake", "a handshake was asked for");
    this.#isTls = true;
    // RFC 3207 §4.2: what was said in clear is forgotten.
    this.#capabilities = noCapabilities;
    this.#greet();
    return this.#takeSteps();
  }

  tlsFailed(reason: string): readonly ClientStep[] {
    if (this.#phase === "closed") return none;
    assert(this.#phase === "handshake", "a handshake was asked for");
    this.#fail(reason);
    return this.#takeSteps();
  }

  /** After `ready` or a `transactionDone` that says so. */
  transact(asked: ClientTransaction): readonly ClientStep[] {
    assert(this.#phase === "idle", "one transaction at a time, in a session that is ready");
    const { protocol } = this.#settings;
    const options = { offered: this.#capabilities, protocol, needsReset: this.#needsReset };
    this.#transaction = new OpenTransaction(asked, options);
    this.#phase = "transaction";
    this.#endedAs(this.#transaction.begin(this.#steps));
    return this.#takeSteps();
  }

  /**
   * `follow` may be called: the final dot is gone, and the server takes commands behind it (RFC 2920
   * §3.1). Over LMTP the dot has many replies, of which each may be the last.
   */
  get canFollow(): boolean {
    const mayPipeline = this.#capabilities.pipelining && this.#settings.protocol === "smtp";
    const isAlone = this.#follower === undefined && !this.#isLast;
    return mayPipeline && isAlone && this.#transaction?.isDotSent === true;
  }

  /** The next transaction, behind the final dot of the one that waits for its reply. */
  follow(asked: ClientTransaction): readonly ClientStep[] {
    assert(this.canFollow, "a follower goes behind a final dot, and alone");
    const options = { offered: this.#capabilities, protocol: "smtp", needsReset: false } as const;
    const transaction = new OpenTransaction(asked, options);
    const steps: ClientStep[] = [];
    const end = transaction.begin(steps);
    const told = steps.filter(({ kind }) => kind !== "send");
    this.#follower = { transaction, told, end };
    this.#steps.push(...steps.filter(({ kind }) => kind === "send"));
    return this.#takeSteps();
  }

  /** What follows waits for its turn. */
  get hasFollower(): boolean {
    return this.#follower !== undefined;
  }

  /** The same, or it has its turn, and not a word was said to it. */
  get isFollowerUnheard(): boolean {
    return this.hasFollower || this.#heardBehind === 0;
  }

  /** The follower is not to be sent: nothing is told of it, and after the reply all is over. */
  withdrawFollower(): void {
    assert(this.#follower !== undefined, "only a follower is withdrawn");
    this.#follower = undefined;
    this.#isLast = true;
  }

  /**
   * How many octets of what was to be sent the connection has not taken: what its `write` returned,
   * and 0 when it has drained. Who never says it is taken to have sent everything.
   */
  unsent(octets: number): void {
    // Behind a final dot that is gone they are the follower's.
    if (this.#follower === undefined && !this.#isLast) this.#transaction?.unsent(octets);
  }

  /** RFC 5321 §4.1.1.10: the end is said, and the reply awaited. */
  quit(): readonly ClientStep[] {
    assert(this.#phase !== "transaction", "a transaction is not left in the middle");
    if (this.#phase === "idle") {
      this.#phase = "quit";
      this.#send("QUIT");
    } else if (this.#phase !== "quit") this.#close();
    return this.#takeSteps();
  }

  connectionLost(reason: string): readonly ClientStep[] {
    if (this.#phase === "quit") this.#close();
    else if (this.#phase !== "closed") this.#fail(reason);
    return this.#takeSteps();
  }

  /** What `waitingFor` says did not come in time. */
  timedOut(): readonly ClientStep[] {
    return this.connectionLost(`timeout while waiting for ${this.waitingFor}`);
  }

  #readReplies(): void {
    for (;;) {
      // RFC 3207 §5: what comes in clear behind the reply to STARTTLS may be anybody's.
      if (this.#phase === "handshake" && this.#reader.pending > 0) {
        this.#fail("the server speaks before the TLS handshake");
      }
      if (this.#phase === "closed") return;
      const read = this.#reader.next();
      if (read === undefined) return;
      this.#replies += 1;
      if (read.kind === "reply") this.#take(read.reply);
      else if (this.#phase === "quit") this.#close();
      else this.#losePlace(read.reason);
    }
  }

  #take(reply: Reply): void {
    // RFC 5321 §3.8: 421 may come at any time, and is the last.
    if (reply.code === 421 && this.#phase !== "quit") {
      this.#fail("the server closed the session", reply);
      return;
    }
    switch (this.#phase) {
      case "greeting":
        this.#takeGreeting(reply);
        return;
      case "ehlo":
      case "helo":
        this.#takeEhlo(reply);
        return;
      case "starttls":
        this.#takeStartTls(reply);
        return;
      case "transaction":
        this.#takeAnswer(reply);
        return;
      case "quit":
        this.#close();
        return;
      default:
        this.#fail("the server speaks without having been asked", reply);
    }
  }

  /** RFC 5321 §3.1: 220, or the server does not want us. */
  #takeGreeting(reply: Reply): void {
    if (reply.code === 220) this.#greet();
    else this.#leave("the server does not greet us", reply);
  }

  #greet(): void {
    this.#phase = "ehlo";
    const verb = this.#settings.protocol === "lmtp" ? "LHLO" : "EHLO";
    this.#send(`${verb} ${this.#settings.hostname}`);
  }

  #takeEhlo(reply: Reply): void {
    if (reply.class === 2) {
      const isExtended = this.#phase === "ehlo";
      this.#capabilities = isExtended ? readCapabilities(reply) : noCapabilities;
      this.#afterEhlo();
    } else if (reply.class === 5 && this.#phase === "ehlo" && this.#mayUseHelo) {
      this.#phase = "helo";
      this.#send(`HELO ${this.#settings.hostname}`);
    } else this.#leave("the server refuses our greeting", reply);
  }

  /** RFC 5321 §3.2: a server that does not know EHLO; it knows no STARTTLS either. */
  get #mayUseHelo(): boolean {
    const { protocol, tls } = this.#settings;
    return protocol === "smtp" && (tls !== "required" || this.#isTls);
  }

  #afterEhlo(): void {
    const { tls } = this.#settings;
    if (tls === "never" || this.#isTls) {
      this.#ready();
    } else if (this.#capabilities.startTls) {
      this.#phase = "starttls";
      this.#send("STARTTLS");
    } else if (tls === "required") {
      this.#phase = "starttls";
      this.#leave("the server does not offer STARTTLS");
    } else this.#ready();
  }

  #takeStartTls(reply: Reply): void {
    if (reply.code === 220) {
      this.#phase = "handshake";
      this.#steps.push({ kind: "startTls" });
    } else if (reply.class < 4) {
      this.#fail("the server does not answer STARTTLS", reply);
    } else if (this.#settings.tls === "required") {
      this.#leave("the server refuses STARTTLS", reply);
    } else this.#ready();
  }

  #ready(): void {
    this.#phase = "idle";
    this.#steps.push({ kind: "ready" });
  }

  #endedAs(end: TransactionEnd | undefined): void {
    if (end === undefined) return;
    if (end.kind === "broken") {
      this.#losePlace(end.reason);
      return;
    }
    this.#phase = "idle";
    this.#transaction = undefined;
    this.#needsReset = end.needsReset;
    this.#steps.push({ kind: "transactionDone", isReusable: !this.#isLast });
    if (this.#isLast) this.#close();
    else if (this.#follower !== undefined) this.#takeTurn(this.#follower);
  }

  #takeAnswer(reply: Reply): void {
    if (this.#heardBehind !== undefined) this.#heardBehind += 1;
    this.#endedAs(this.#transaction?.take(reply, this.#steps));
    // Consent to the content, or a refusal of it: the server is where we are.
    const isAnswered = this.#transaction === undefined || this.#transaction.stage === "dot";
    if (isAnswered) this.#heardBehind = undefined;
  }

  #takeTurn({ transaction, told, end }: Follower): void {
    this.#phase = "transaction";
    this.#transaction = transaction;
    this.#follower = undefined;
    this.#steps.push(...told);
    if (end === undefined) this.#heardBehind = 0;
    this.#endedAs(end);
  }

  #send(command: string): void {
    this.#steps.push({ kind: "send", bytes: encoder.encode(`${command}\r\n`) });
  }

  /** RFC 5321 §3.1: even who was refused says QUIT. */
  #leave(reason: string, reply?: Reply): void {
    this.#send("QUIT");
    this.#fail(reason, reply);
  }

  /** The server says what cannot be an answer. */
  #losePlace(reason: string): void {
    if (this.#heardBehind !== undefined) this.#steps = inDoubt(this.#steps);
    this.#fail(reason);
  }

  #fail(reason: string, reply?: Reply): void {
    assert(this.#phase !== "quit" && this.#phase !== "closed", "there is something to fail");
    const stage = stageOf[this.#phase];
    this.#phase = "closed";
    // One reply too few, as when there was none to the dot.
    const isOneShort = reply === undefined && this.#transaction?.stage === "data";
    if (isOneShort && this.#heardBehind !== undefined) this.#steps = inDoubt(this.#steps);
    this.#heardBehind = undefined;
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction !== undefined) {
      if (reply === undefined) transaction.abandon(reason, this.#steps);
      else transaction.takeShutdown(reply, this.#steps);
      this.#steps.push({ kind: "transactionDone", isReusable: false });
    }
    this.#abandonFollower(reason);
    const failure = { stage, reason, ...(reply === undefined ? {} : { reply }) };
    this.#steps.push({ kind: "failed", failure });
  }

  /** Not a word of it was answered, whatever became of the one before it. */
  #abandonFollower(reason: string): void {
    const follower = this.#follower;
    if (follower === undefined) return;
    this.#follower = undefined;
    this.#steps.push(...follower.told);
    follower.transaction.abandon(reason, this.#steps);
    this.#steps.push({ kind: "transactionDone", isReusable: false });
  }

  #close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#steps.push({ kind: "closed" });
  }

  #takeSteps(): readonly ClientStep[] {
    if (this.#steps.length === 0 || this.#heardBehind !== undefined) return none;
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }
}

/**
 * The server has lost its place behind a final dot: what we took for the reply to that may have been
 * the answer to the envelope behind it, so that nobody knows who has the message.
 */
function inDoubt(steps: readonly ClientStep[]): ClientStep[] {
  const result = { stage: "dot", reason: lostPlace, isInDoubt: true } as const;
  return steps.map((step) => {
    const isOfDot = step.kind === "settle" && step.result.stage === "dot";
    return isOfDot ? { ...step, result } : step;
  });
}
