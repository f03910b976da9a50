/** What a server session knows and says: the part of it that verbs act on. */
import { assert } from "#lib/assert";
import { DataReader } from "../data-reader.ts";
import { LineReader } from "../line-reader.ts";
import type { Reply } from "../reply.ts";
import type { SaslExchange } from "../sasl.ts";
import { replies } from "./replies.ts";
import type { OpenTransaction, Question, SessionState } from "./state.ts";
import type { ServerSettings, ServerStep } from "./step.ts";

const none: readonly ServerStep[] = [];

export class Dialogue implements SessionState {
  readonly settings: ServerSettings;
  helo: SessionState["helo"];
  isTls: boolean;
  user: string | undefined;
  transaction: OpenTransaction | undefined;
  sasl: SaslExchange | undefined;
  /** Input that was not read yet. */
  readonly lines = new LineReader();
  /** While mail data are read. */
  data: DataReader | undefined;
  /** What the driver owes an answer to. */
  #question: Question | undefined;
  /** Said when the pause for too many errors is over. */
  #delayed: Reply | undefined;
  #errors = 0;
  #isClosed = false;
  #steps: ServerStep[] = [];

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.isTls = settings.isTls;
  }

  get pending(): number {
    return this.lines.pending;
  }

  get question(): Question | undefined {
    return this.#question;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** No transaction runs, nor AUTH, and nobody waits for an answer. */
  get isIdle(): boolean {
    return this.transaction === undefined && this.sasl === undefined && !this.#question;
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

  answered(): void {
    this.#question = undefined;
  }

  /** The pause is over. */
  resume(): void {
    const delayed = this.#delayed;
    assert(delayed !== undefined, "a pause comes before a reply");
    this.#delayed = undefined;
    this.say(delayed);
  }

  readData(): void {
    const { messageSizeMax, contentLineMax } = this.settings.limits;
    const limits = { sizeMax: messageSizeMax, lineMax: contentLineMax };
    this.data = new DataReader(limits, this.transaction?.parameters.size);
    this.say(replies.data);
  }

  /** RFC 3207 §4.2: what was said before the handshake is forgotten. */
  secured(): void {
    this.isTls = true;
    this.helo = undefined;
    this.user = undefined;
    this.transaction = undefined;
    this.lines.take();
  }

  leave(said: Reply): void {
    this.say(said);
    this.close();
  }

  close(): void {
    this.#steps.push({ kind: "close" });
    this.#isClosed = true;
    this.#question = undefined;
    this.transaction = undefined;
    this.sasl = undefined;
    this.data = undefined;
    this.lines.take();
  }

  /** The steps since they were taken last. */
  takeSteps(): readonly ServerStep[] {
    if (this.#steps.length === 0) return none;
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }
}
