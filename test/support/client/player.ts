/**
 * Plays a transcript against the pure client session, with the roles exchanged: `S:` lines are fed to it,
 * `C:` lines are the octets it must send. Headers, `E:` and `M:` lines are those of script.ts.
 *
 *   A: transact        its owner sends the message that the E: and M: lines before describe; or `quit`
 *   A: follow          the same behind the final dot of the message before, whose reply has not come
 *   R: ready           what the session tells its owner: `ready`, `done`, `done, not reusable`, `closed`,
 *   R: <b@server.example> rcpt 550 5.1.1 *            `… lost: reason`, `… in doubt: reason`, `… 5.6.3 reason`
 *   R: failed greeting 554 *                          `failed idle: reason` without a reply
 *   T: tls             the handshake that it waits for succeeds; or `no tls`, `lost`, `timeout`, `unsent 5`
 *   T: withdraw        its owner takes the follower back
 *   W: dataTermination what it waits for at this point
 */
import type { Random } from "#lib/random";
import { ClientSession } from "#lib/smtp/client/session";
import type { ClientStep, RecipientResult, SessionFailure } from "#lib/smtp/client/step";
import type { Reply } from "#lib/smtp/reply";
import {
  type Cutting,
  grouped,
  mismatch,
  octets,
  segments,
  type Transcript,
  type TranscriptItem,
} from "../transcript.ts";
import { settingsOf, transactionOf } from "./script.ts";

interface PlayOptions {
  readonly cutting: Cutting;
  readonly random: Random;
}

/** Throws an error that names the line when the session does not do what the transcript says. */
export function playClient(transcript: Transcript, options: PlayOptions): void {
  const player = new Player(new ClientSession(settingsOf(transcript)), options);
  for (const group of grouped(transcript.items)) {
    try {
      player.play(group);
    } catch (cause) {
      throw new Error(`Line ${group[0]?.lineNumber}: ${String(cause)}`, { cause });
    }
  }
  player.end();
}

type Output =
  | { readonly kind: "sent"; readonly bytes: Uint8Array }
  | { readonly kind: "told"; readonly text: string };

class Player {
  readonly #session: ClientSession;
  readonly #options: PlayOptions;
  /** What the session has sent and told, not compared yet. */
  #output: Output[] = [];
  #envelope: readonly string[] = [];
  #content: readonly string[] = [];
  #recipients: readonly string[] = [];
  #settled = new Set<number>();
  /** Of the message that follows. */
  #next: readonly string[] | undefined;
  #isHandshakeDue = false;

  constructor(session: ClientSession, options: PlayOptions) {
    this.#session = session;
    this.#options = options;
    this.#carryOut(session.start());
  }

  play(group: readonly TranscriptItem[]): void {
    const texts = group.map(({ text }) => text);
    const who = group[0]?.who;
    if (who !== "C" && who !== "R" && who !== "W") this.end();
    switch (who) {
      case "S":
        this.#hear(texts);
        return;
      case "C":
        this.#expectSent(octets(texts));
        return;
      case "R":
        this.#expectTold(texts);
        return;
      case "E":
        this.#envelope = texts;
        return;
      case "M":
        this.#content = texts;
        return;
      case "A":
        for (const text of texts) this.#ask(text);
        return;
      case "T":
        for (const text of texts) this.#transport(text);
        return;
      case "W":
        this.#expectWaitingFor(texts);
        return;
      default:
        throw new SyntaxError("no such side");
    }
  }

  end(): void {
    const next = this.#output[0];
    if (next === undefined) return;
    throw new Error(`nobody expected "${next.kind === "told" ? next.text : quoted(next.bytes)}"`);
  }

  #hear(lines: readonly string[]): void {
    const { cutting, random } = this.#options;
    for (const segment of segments(octets(lines), cutting, random)) {
      this.#carryOut(this.#session.receive(segment));
      segment.fill(0xff);
    }
  }

  #ask(what: string): void {
    if (what === "quit") {
      this.#carryOut(this.#session.quit());
      return;
    }
    const transaction = transactionOf(this.#envelope, this.#content);
    const recipients = transaction.recipients.map(({ path }) => path);
    if (what === "follow") {
      if (!this.#session.canFollow) throw new Error("nothing can follow");
      this.#next = recipients;
      this.#carryOut(this.#session.follow(transaction));
    } else if (what === "transact") {
      this.#recipients = recipients;
      this.#settled = new Set();
      this.#carryOut(this.#session.transact(transaction));
    } else throw new SyntaxError(`nobody can ask for "${what}"`);
  }

  #transport(event: string): void {
    if (event === "tls") this.#shakeHands(() => this.#session.tlsStarted());
    else if (event === "no tls") this.#shakeHands(() => this.#session.tlsFailed("no handshake"));
    else if (event === "lost") this.#carryOut(this.#session.connectionLost("connection reset"));
    else if (event === "timeout") this.#carryOut(this.#session.timedOut());
    else if (event === "withdraw") {
      this.#next = undefined;
      this.#session.withdrawFollower();
    } else if (event.startsWith("unsent ")) this.#session.unsent(Number(event.slice(7)));
    else throw new SyntaxError(`no such event: ${event}`);
  }

  #shakeHands(then: () => readonly ClientStep[]): void {
    if (!this.#isHandshakeDue) throw new Error("no handshake is due");
    this.#isHandshakeDue = false;
    this.#carryOut(then());
  }

  #carryOut(steps: readonly ClientStep[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: ClientStep): void {
    switch (step.kind) {
      case "send":
        this.#output.push({ kind: "sent", bytes: step.bytes });
        return;
      case "startTls":
        this.#isHandshakeDue = true;
        return;
      case "settle":
        if (this.#settled.has(step.index)) throw new Error(`settled twice: ${step.index}`);
        this.#settled.add(step.index);
        this.#tell(`<${this.#recipients[step.index]}> ${resultText(step.result)}`);
        return;
      case "transactionDone":
        if (this.#settled.size < this.#recipients.length)
          throw new Error("somebody is not settled");
        this.#tell(step.isReusable ? "done" : "done, not reusable");
        this.#takeTurn();
        return;
      case "failed":
        this.#isHandshakeDue = false;
        this.#tell(failureText(step.failure));
        return;
      default:
        this.#tell(step.kind);
    }
  }

  #takeTurn(): void {
    if (this.#next === undefined) return;
    this.#recipients = this.#next;
    this.#settled = new Set();
    this.#next = undefined;
  }

  #tell(text: string): void {
    this.#output.push({ kind: "told", text });
  }

  /** Everything sent up to what is told next. */
  #expectSent(expected: Uint8Array): void {
    const end = this.#output.findIndex(({ kind }) => kind === "told");
    const outputs = this.#output.splice(0, end === -1 ? this.#output.length : end);
    const sent = Buffer.concat(
      outputs.map((out) => (out.kind === "sent" ? out.bytes : octets([]))),
    );
    if (!sent.equals(expected))
      throw new Error(`expected ${quoted(expected)}, got ${quoted(sent)}`);
  }

  #expectTold(patterns: readonly string[]): void {
    const end = this.#output.findIndex(({ kind }) => kind === "sent");
    const outputs = this.#output.splice(0, end === -1 ? this.#output.length : end);
    const why = mismatch(
      patterns,
      outputs.map((output) => (output.kind === "told" ? output.text : "")),
    );
    if (why !== undefined) throw new Error(why);
  }

  #expectWaitingFor(texts: readonly string[]): void {
    const why = mismatch(texts, [this.#session.waitingFor]);
    if (why !== undefined) throw new Error(why);
  }
}

function resultText({ stage, reply, reason, isInDoubt, localStatus }: RecipientResult): string {
  if (reply !== undefined) return `${stage} ${heard(reply)}`;
  if (localStatus !== undefined) return `${stage} ${localStatus} ${reason}`;
  return `${stage} ${isInDoubt ? "in doubt" : "lost"}: ${reason}`;
}

function failureText({ stage, reply, reason }: SessionFailure): string {
  return reply === undefined ? `failed ${stage}: ${reason}` : `failed ${stage} ${heard(reply)}`;
}

function heard({ code, status, lines }: Reply): string {
  return [code, ...(status === undefined ? [] : [status]), ...lines].join(" ");
}

function quoted(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder("latin1").decode(bytes));
}
