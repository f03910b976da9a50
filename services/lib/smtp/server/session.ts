/**
 * The server's side of an SMTP session: a function of bytes (RFC 5321).
 *
 *   commands ──AUTH──▶ SASL lines ──▶ commands
 *   commands ──DATA──▶ mail data ──the final dot──▶ waits for acceptance ──▶ commands
 *   any ──a question to the driver──▶ waits (input is kept) ──answer──▶ as before
 *   any ──QUIT, 421──▶ closed (input is thrown away)
 */
import { assert } from "#lib/assert";
import { parseCommand } from "../command.ts";
import type { DataReader } from "../data-reader.ts";
import type { LineFault } from "../line-reader.ts";
import { type Reply, reply } from "../reply.ts";
import { dataFaults, loopFault } from "./content-fault.ts";
import { Dialogue } from "./dialogue.ts";
import { replies } from "./replies.ts";
import type { Question, SessionState } from "./state.ts";
import type { ServerAnswer, ServerSettings, ServerStep } from "./step.ts";
import { authLine, verbTable } from "./verbs.ts";

const none: readonly ServerStep[] = [];

const lineFaults: Readonly<Record<LineFault, Reply>> = {
  tooLong: replies.lineTooLong,
  bareCrOrLf: replies.bareCrOrLf,
  nul: replies.nul,
  badUtf8: replies.badUtf8,
};

const answerTo: Readonly<Record<Question["kind"], ServerAnswer["kind"]>> = {
  startTls: "tlsStarted",
  authenticate: "authenticated",
  admitMail: "admitted",
  admitRecipient: "admitted",
  acceptMessage: "accepted",
  pause: "resumed",
};

export class ServerSession {
  readonly #dialogue: Dialogue;
  #transactions = 0;
  #isShuttingDown = false;

  constructor(settings: ServerSettings) {
    this.#dialogue = new Dialogue(settings);
  }

  /** Input waits that the driver should not add to. */
  get isFull(): boolean {
    const { pending, settings } = this.#dialogue;
    return pending > settings.limits.pipelinedBytesMax;
  }

  /** Octets in memory: input not read yet, and content that is coming in. */
  get held(): number {
    const { pending, data } = this.#dialogue;
    return pending + (data?.held ?? 0);
  }

  get isReadingContent(): boolean {
    return this.#dialogue.data !== undefined;
  }

  /** The driver owes an answer. */
  get isWaiting(): boolean {
    return this.#dialogue.question !== undefined;
  }

  /** No transaction runs: it may be told 421. */
  get isIdle(): boolean {
    return this.#dialogue.isIdle;
  }

  get helo(): SessionState["helo"] {
    return this.#dialogue.helo;
  }

  get isTls(): boolean {
    return this.#dialogue.isTls;
  }

  get user(): string | undefined {
    return this.#dialogue.user;
  }

  /** Messages accepted. */
  get transactions(): number {
    return this.#transactions;
  }

  greet(): readonly ServerStep[] {
    const { hostname } = this.#dialogue.settings;
    this.#dialogue.say(reply(220, undefined, `${hostname} ESMTP Godwit`));
    return this.#dialogue.takeSteps();
  }

  /** `bytes` may be reused after. */
  receive(bytes: Uint8Array): readonly ServerStep[] {
    const { isClosed, question, lines } = this.#dialogue;
    if (isClosed || bytes.length === 0) return none;
    // RFC 3207 §4.2: between STARTTLS and the handshake there is no plaintext, whoever sent it.
    if (question?.kind === "startTls") this.#dialogue.close();
    else lines.push(bytes);
    return this.#goOn();
  }

  /** The driver's answer to the step that asked. */
  answer(answer: ServerAnswer): readonly ServerStep[] {
    const { isClosed, question } = this.#dialogue;
    // The session may have been closed while the driver was at it.
    if (isClosed) return none;
    assert(question !== undefined, "an answer needs a question");
    assert(answer.kind === "refused" || answer.kind === answerTo[question.kind], "it must fit");
    this.#dialogue.answered();
    this.#take(question, answer);
    return this.#goOn();
  }

  /** 421 as soon as no transaction runs. */
  shutdown(): readonly ServerStep[] {
    this.#isShuttingDown = true;
    return this.#goOn();
  }

  /** The client was silent for too long. */
  timeout(): readonly ServerStep[] {
    if (!this.#dialogue.isClosed) this.#dialogue.leave(replies.timeout);
    return this.#dialogue.takeSteps();
  }

  #goOn(): readonly ServerStep[] {
    this.#advance();
    this.#dialogue.lines.keep();
    return this.#dialogue.takeSteps();
  }

  /** Reads on until input is used up, the driver is asked, or the session is over. */
  #advance(): void {
    const dialogue = this.#dialogue;
    while (!dialogue.isClosed && dialogue.question === undefined) {
      if (this.#isShuttingDown && dialogue.isIdle) {
        dialogue.leave(replies.shuttingDown);
        return;
      }
      const { data } = dialogue;
      if (!(data === undefined ? this.#readLine() : this.#readData(data))) return;
    }
  }

  #readLine(): boolean {
    const dialogue = this.#dialogue;
    const { commandLineMax, authLineMax } = dialogue.settings.limits;
    // AUTH may carry an initial response (RFC 4954 §4), and is known only once it was read.
    const line = dialogue.lines.next(this.#mayAuthenticate ? authLineMax : commandLineMax);
    if (line === undefined) return false;
    if (line.kind === "bad") {
      dialogue.sasl = undefined;
      dialogue.refuse(lineFaults[line.fault]);
    } else if (dialogue.sasl !== undefined) authLine(dialogue, dialogue.sasl, line.text);
    else this.#command(line.text);
    return true;
  }

  get #mayAuthenticate(): boolean {
    const { settings, user } = this.#dialogue;
    return settings.auth !== "never" && user === undefined;
  }

  #command(line: string): void {
    const dialogue = this.#dialogue;
    const { verb, argument } = parseCommand(line);
    if (verb !== "AUTH" && line.length > dialogue.settings.limits.commandLineMax) {
      dialogue.refuse(replies.lineTooLong);
      return;
    }
    if (verb === undefined) {
      dialogue.refuse(replies.unknownVerb);
      return;
    }
    const rule = verbTable[verb];
    const notNow = rule.check(dialogue, argument);
    if (notNow === undefined) rule.act(dialogue, argument);
    else dialogue.refuse(notNow);
  }

  #readData(data: DataReader): boolean {
    const { lines } = this.#dialogue;
    const bytes = lines.take();
    if (bytes.length === 0) return false;
    const consumed = data.push(bytes);
    if (consumed === undefined) return false;
    lines.push(bytes.subarray(consumed));
    this.#dialogue.data = undefined;
    this.#endOfData(data);
    return true;
  }

  #endOfData({ result }: DataReader): void {
    const dialogue = this.#dialogue;
    const { transaction, helo, settings } = dialogue;
    assert(transaction !== undefined && helo !== undefined, "mail data belongs to a transaction");
    assert(result !== undefined, "the end was found");
    const fault =
      result.kind === "refused"
        ? dataFaults[result.fault]
        : loopFault(result.content, settings.limits);
    if (fault !== undefined) {
      dialogue.transaction = undefined;
      dialogue.refuse(fault);
    } else if (result.kind === "content") {
      const envelope = { ...transaction, helo: helo.name, isExtended: helo.isExtended };
      dialogue.ask({ kind: "acceptMessage", transaction: envelope, content: result.content });
    }
  }

  #take(question: Question, answer: ServerAnswer): void {
    if (answer.kind === "refused") this.#refused(question, answer.reply);
    else if (answer.kind === "accepted") this.#accepted(answer.queueId);
    else this.#allowed(question);
  }

  #accepted(queueId: string): void {
    this.#dialogue.transaction = undefined;
    this.#transactions += 1;
    this.#dialogue.say(reply(250, "2.0.0", `Ok: queued as ${queueId}`));
  }

  #allowed(question: Question): void {
    const dialogue = this.#dialogue;
    switch (question.kind) {
      case "startTls":
        dialogue.secured();
        return;
      case "authenticate":
        dialogue.user = question.user;
        dialogue.say(replies.authenticated);
        return;
      case "admitMail": {
        const { reversePath, parameters } = question;
        dialogue.transaction = { reversePath, parameters, recipients: [] };
        dialogue.say(replies.mailOk);
        return;
      }
      case "admitRecipient": {
        const { forwardPath, parameters } = question;
        dialogue.transaction?.recipients.push({ forwardPath, parameters });
        dialogue.say(replies.recipientOk);
        return;
      }
      case "pause":
        dialogue.resume();
        return;
    }
  }

  #refused(question: Question, said: Reply): void {
    const dialogue = this.#dialogue;
    if (question.kind === "acceptMessage") dialogue.transaction = undefined;
    // What we cannot do just now is not the client's error.
    if (said.class === 5) dialogue.refuse(said);
    else if (said.code === 421) dialogue.leave(said);
    else dialogue.say(said);
  }
}
