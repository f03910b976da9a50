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
import { type DataFault, DataReader } from "../data-reader.ts";
import { type LineFault, LineReader } from "../line-reader.ts";
import { type Reply, reply } from "../reply.ts";
import type { SaslExchange } from "../sasl.ts";
import { countReceived } from "../trace-count.ts";
import { replies } from "./replies.ts";
import type { OpenTransaction, Question, SessionState } from "./state.ts";
import type { ServerAnswer, ServerSettings, ServerStep } from "./step.ts";
import { authLine, verbTable } from "./verbs.ts";

const none: readonly ServerStep[] = [];

const lineFaults: Readonly<Record<LineFault, Reply>> = {
  tooLong: replies.lineTooLong,
  bareCrOrLf: replies.bareCrOrLf,
  nul: replies.nul,
  badUtf8: replies.badUtf8,
};

const dataFaults: Readonly<Record<DataFault, Reply>> = {
  bareCrOrLf: replies.contentBareCrOrLf,
  lineTooLong: replies.contentLineTooLong,
  tooBig: replies.tooBig,
};

const answerTo: Readonly<Record<Question["kind"], ServerAnswer["kind"]>> = {
  startTls: "tlsStarted",
  authenticate: "authenticated",
  admitMail: "admitted",
  admitRecipient: "admitted",
  acceptMessage: "accepted",
  pause: "resumed",
};

export class ServerSession implements SessionState {
  readonly settings: ServerSettings;
  helo: SessionState["helo"];
  isTls: boolean;
  user: string | undefined;
  transaction: OpenTransaction | undefined;
  sasl: SaslExchange | undefined;
  readonly #lines = new LineReader();
  #data: DataReader | undefined;
  #question: Question | undefined;
  /** Said when the pause for too many errors is over. */
  #delayed: Reply | undefined;
  #errors = 0;
  #transactions = 0;
  #isShuttingDown = false;
  #isClosed = false;
  #steps: ServerStep[] = [];

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.isTls = settings.isTls;
  }

  /** Input waits that the driver should not add to. */
  get isFull(): boolean {
    return this.#lines.pending > this.settings.limits.pipelinedBytesMax;
  }

  /** The driver owes an answer. */
  get isWaiting(): boolean {
    return this.#question !== undefined;
  }

  /** No transaction runs: it may be told 421. */
  get isIdle(): boolean {
    return this.transaction === undefined && this.sasl === undefined && !this.isWaiting;
  }

  /** Messages accepted. */
  get transactions(): number {
    return this.#transactions;
  }

  get pending(): number {
    return this.#lines.pending;
  }

  greet(): readonly ServerStep[] {
    this.say(reply(220, undefined, `${this.settings.hostname} ESMTP Godwit`));
    return this.#takeSteps();
  }

  /** `bytes` may be reused after. */
  receive(bytes: Uint8Array): readonly ServerStep[] {
    if (this.#isClosed || bytes.length === 0) return none;
    // RFC 3207 §4.2: between STARTTLS and the handshake there is no plaintext, whoever sent it.
    if (this.#question?.kind === "startTls") {
      this.#close();
      return this.#takeSteps();
    }
    this.#lines.push(bytes);
    this.#advance();
    this.#lines.keep();
    return this.#takeSteps();
  }

  /** The driver's answer to the step that asked. */
  answer(answer: ServerAnswer): readonly ServerStep[] {
    // The session may have been closed while the driver was at it.
    if (this.#isClosed) return none;
    const question = this.#question;
    assert(question !== undefined, "an answer needs a question");
    assert(answer.kind === "refused" || answer.kind === answerTo[question.kind], "it must fit");
    this.#question = undefined;
    this.#take(question, answer);
    this.#advance();
    this.#lines.keep();
    return this.#takeSteps();
  }

  /** 421 as soon as no transaction runs. */
  shutdown(): readonly ServerStep[] {
    this.#isShuttingDown = true;
    this.#advance();
    return this.#takeSteps();
  }

  /** The client was silent for too long. */
  timeout(): readonly ServerStep[] {
    if (!this.#isClosed) this.leave(replies.timeout);
    return this.#takeSteps();
  }

  say(said: Reply): void {
    this.#steps.push({ kind: "reply", reply: said });
  }

  refuse(said: Reply): void {
    const { errorsSoftMax, errorsHardMax, errorDelayMs } = this.settings.limits;
    this.#errors += 1;
    if (this.#errors >= errorsHardMax) {
      this.say(said);
      this.leave(replies.tooManyErrors);
    } else if (this.#errors > errorsSoftMax && errorDelayMs > 0) {
      this.#delayed = said;
      this.ask({ kind: "pause", delayMs: errorDelayMs });
    } else this.say(said);
  }

  ask(question: Question): void {
    assert(this.#question === undefined, "one question at a time");
    this.#question = question;
    this.#steps.push(question);
  }

  readData(): void {
    const { messageSizeMax, contentLineMax } = this.settings.limits;
    const limits = { sizeMax: messageSizeMax, lineMax: contentLineMax };
    this.#data = new DataReader(limits, this.transaction?.parameters.size);
    this.say(replies.data);
  }

  leave(said: Reply): void {
    this.say(said);
    this.#close();
  }

  #close(): void {
    this.#steps.push({ kind: "close" });
    this.#isClosed = true;
    this.#question = undefined;
    this.transaction = undefined;
    this.sasl = undefined;
    this.#data = undefined;
    this.#lines.take();
  }

  #takeSteps(): readonly ServerStep[] {
    if (this.#steps.length === 0) return none;
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }

  /** Reads on until input is used up, the driver is asked, or the session is over. */
  #advance(): void {
    while (!this.#isClosed && this.#question === undefined) {
      if (this.#isShuttingDown && this.isIdle) {
        this.leave(replies.shuttingDown);
        return;
      }
      if (!(this.#data === undefined ? this.#readLine() : this.#readData(this.#data))) return;
    }
  }

  #readLine(): boolean {
    const { commandLineMax, authLineMax } = this.settings.limits;
    // AUTH may carry an initial response (RFC 4954 §4), and is known only once it was read.
    const line = this.#lines.next(this.#mayAuthenticate ? authLineMax : commandLineMax);
    if (line === undefined) return false;
    if (line.kind === "bad") {
      this.sasl = undefined;
      this.refuse(lineFaults[line.fault]);
    } else if (this.sasl !== undefined) authLine(this, this.sasl, line.text);
    else this.#command(line.text);
    return true;
  }

  get #mayAuthenticate(): boolean {
    return this.settings.auth !== "never" && this.user === undefined;
  }

  #command(line: string): void {
    const { verb, argument } = parseCommand(line);
    if (verb !== "AUTH" && line.length > this.settings.limits.commandLineMax) {
      this.refuse(replies.lineTooLong);
      return;
    }
    if (verb === undefined) {
      this.refuse(replies.unknownVerb);
      return;
    }
    const rule = verbTable[verb];
    const notNow = rule.check(this, argument);
    if (notNow === undefined) rule.act(this, argument);
    else this.refuse(notNow);
  }

  #readData(data: DataReader): boolean {
    const bytes = this.#lines.take();
    if (bytes.length === 0) return false;
    const consumed = data.push(bytes);
    if (consumed === undefined) return false;
    this.#lines.push(bytes.subarray(consumed));
    this.#data = undefined;
    this.#endOfData(data);
    return true;
  }

  #endOfData(data: DataReader): void {
    const { transaction, helo } = this;
    const { result } = data;
    assert(transaction !== undefined && helo !== undefined, "mail data belongs to a transaction");
    assert(result !== undefined, "the end was found");
    if (result.kind === "refused") {
      this.transaction = undefined;
      this.refuse(dataFaults[result.fault]);
    } else if (countReceived(result.content) > this.settings.limits.receivedFieldsMax) {
      this.transaction = undefined;
      this.refuse(replies.loop);
    } else {
      const envelope = { ...transaction, helo: helo.name, isExtended: helo.isExtended };
      this.ask({ kind: "acceptMessage", transaction: envelope, content: result.content });
    }
  }

  #take(question: Question, answer: ServerAnswer): void {
    if (answer.kind === "refused") {
      this.#refused(question, answer.reply);
      return;
    }
    switch (question.kind) {
      case "startTls":
        this.#underTls();
        return;
      case "authenticate":
        this.user = question.user;
        this.say(replies.authenticated);
        return;
      case "admitMail": {
        const { reversePath, parameters } = question;
        this.transaction = { reversePath, parameters, recipients: [] };
        this.say(replies.mailOk);
        return;
      }
      case "admitRecipient": {
        const { forwardPath, parameters } = question;
        this.transaction?.recipients.push({ forwardPath, parameters });
        this.say(replies.recipientOk);
        return;
      }
      case "acceptMessage":
        assert(answer.kind === "accepted", "a message is accepted or refused");
        this.transaction = undefined;
        this.#transactions += 1;
        this.say(reply(250, "2.0.0", `Ok: queued as ${answer.queueId}`));
        return;
      case "pause": {
        const delayed = this.#delayed;
        this.#delayed = undefined;
        if (delayed !== undefined) this.say(delayed);
        return;
      }
    }
  }

  #refused(question: Question, said: Reply): void {
    if (question.kind === "acceptMessage") this.transaction = undefined;
    // What we cannot do just now is not the client's error.
    if (said.class === 5) this.refuse(said);
    else this.say(said);
    if (said.code === 421) this.#close();
  }

  /** RFC 3207 §4.2: what was said before is forgotten. */
  #underTls(): void {
    this.isTls = true;
    this.helo = undefined;
    this.user = undefined;
    this.transaction = undefined;
    this.#lines.take();
  }
}
