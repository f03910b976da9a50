/** A mail exchanger on the simulated network: a real server session that behaves as its mood says. */
import type { Clock } from "#lib/clock";
import type { MemoryNetwork } from "#lib/net/memory-transport";
import type { Connection, ConnectionHandler, Endpoint } from "#lib/net/transport";
import type { Random } from "#lib/random";
import { encodeReply, type Reply } from "#lib/smtp/reply";
import { ServerSession } from "#lib/smtp/server/session";
import type { ServerAnswer, ServerSettings, ServerStep, Transaction } from "#lib/smtp/server/step";
import type { Incarnation } from "#lib/stream/journal";
import type { Copy } from "./ledger.ts";
import { answers, healthy, type Mood, type MoodWindow } from "./mood.ts";
import type { Witness } from "./witness.ts";

const port = 25;
/** A reset that comes this soon behind an answer may have overtaken it. */
const answerTravelsMs = 1_000;

export interface MailExchangerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly witness: Witness;
  /** Who is at the other end of a connection. */
  readonly writerAt: (remote: Endpoint) => Incarnation;
}

interface Answer {
  readonly copies: readonly Copy[];
  readonly atMs: number;
}

export class MailExchanger {
  readonly name: string;
  readonly address: string;
  readonly ports: MailExchangerPorts;
  readonly #knownSince = new Map<string, number>();
  #mood: Mood = healthy;
  #answers: Answer[] = [];

  constructor(name: string, address: string, ports: MailExchangerPorts) {
    this.name = name;
    this.address = address;
    this.ports = ports;
  }

  get mood(): Mood {
    return this.#mood;
  }

  async start(windows: readonly MoodWindow[]): Promise<void> {
    const { network, clock } = this.ports;
    const transport = network.transport(this.address);
    await transport.listen({ address: this.address, port }, (connection) => {
      const session = new MxConnection(this, connection);
      session.begin();
      return session;
    });
    for (const { fromMs, untilMs, mood } of windows) {
      clock.after(fromMs, () => this.#turn(mood));
      clock.after(untilMs, () => this.#turn(healthy));
    }
  }

  /** Back to normal, whatever was to come. */
  heal(): void {
    this.#turn(healthy);
  }

  isGreylisted(path: string, forMs: number): boolean {
    const now = this.ports.clock.monotonic();
    const since = this.#knownSince.get(path) ?? now;
    this.#knownSince.set(path, since);
    return now - since < forMs;
  }

  /** The final dot was answered. */
  answered(copies: readonly Copy[]): Answer {
    const { witness, clock } = this.ports;
    const answer = { copies, atMs: clock.monotonic() };
    witness.answered(copies);
    this.#answers = [...this.#answers.filter((it) => this.mayTravel(it)), answer];
    if (this.#mood.kind === "silent") doubt(answer);
    return answer;
  }

  /** It may not have arrived yet. */
  mayTravel({ atMs }: Answer): boolean {
    return this.ports.clock.monotonic() - atMs < answerTravelsMs;
  }

  #turn(mood: Mood): void {
    const { network } = this.ports;
    if (mood.kind === "silent") this.#answers.filter((it) => this.mayTravel(it)).forEach(doubt);
    this.#mood = mood;
    network.accept(this.address);
    if (mood.kind === "refuses") network.refuse(this.address);
    if (mood.kind === "silent") network.blackhole(this.address);
  }
}

const settings: ServerSettings = {
  hostname: "mx.example",
  offersStartTls: false,
  auth: "never",
  requiresAuth: false,
  requiresTls: false,
  isTls: false,
  limits: {
    messageSizeMax: 1_000_000,
    recipientsMax: 100,
    contentLineMax: 8_192,
    commandLineMax: 2_048,
    authLineMax: 12_288,
    errorsSoftMax: 1_000,
    errorsHardMax: 1_000,
    errorDelayMs: 0,
    receivedFieldsMax: 50,
    pipelinedBytesMax: 65_536,
  },
};

class MxConnection implements ConnectionHandler {
  readonly #host: MailExchanger;
  readonly #connection: Connection;
  readonly #session = new ServerSession(settings);
  #isClosed = false;
  #answered: Answer | undefined;

  constructor(host: MailExchanger, connection: Connection) {
    this.#host = host;
    this.#connection = connection;
  }

  begin(): void {
    if (this.#host.mood.kind === "busy") this.#leave();
    else this.#carryOut(this.#session.greet());
  }

  data(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#carryOut(this.#session.receive(bytes));
  }

  closed(error?: Error): void {
    this.#isClosed = true;
    const answered = this.#answered;
    if (error !== undefined && answered && this.#host.mayTravel(answered)) doubt(answered);
  }

  #carryOut(begun: readonly ServerStep[]): void {
    let steps: readonly ServerStep[] | undefined = begun;
    while (steps !== undefined && !this.#isClosed) {
      let next: readonly ServerStep[] | undefined;
      for (const step of steps) {
        if (step.kind === "reply") this.#say(step.reply);
        else if (step.kind === "close") this.#connection.end();
        else next = this.#asked(step);
      }
      steps = next;
    }
  }

  #asked(step: ServerStep): readonly ServerStep[] | undefined {
    switch (step.kind) {
      case "admitMail":
        return this.#decide(() => ({ kind: "admitted" }));
      case "admitRecipient": {
        const { forwardPath } = step;
        const path = "postmaster" in forwardPath ? "postmaster" : forwardPath.text;
        return this.#decide(() => this.#recipient(path));
      }
      case "acceptMessage":
        return this.#decide(() => this.#message(step.transaction, step.content));
      default:
        throw new Error(`Cannot answer "${step.kind}": it was not offered`);
    }
  }

  /** The moods that break off at any command. */
  #decide(otherwise: () => ServerAnswer | undefined): readonly ServerStep[] | undefined {
    const { mood } = this.#host;
    if (mood.kind === "leaving" && this.#happens(mood.share)) {
      this.#leave();
      return undefined;
    }
    const storm = mood.kind === "storm" && this.#happens(mood.share);
    const answer = storm ? refused(answers.storm) : otherwise();
    return answer === undefined ? undefined : this.#session.answer(answer);
  }

  #recipient(path: string): ServerAnswer {
    const { mood } = this.#host;
    if (path.startsWith("nobody")) return refused(answers.noSuchUser);
    if (mood.kind === "greylists" && this.#host.isGreylisted(path, mood.forMs)) {
      return refused(answers.greylisted);
    }
    return { kind: "admitted" };
  }

  #message(transaction: Transaction, content: Uint8Array): ServerAnswer | undefined {
    const { mood, ports } = this.#host;
    const paths = transaction.recipients.map(({ forwardPath }) =>
      "postmaster" in forwardPath ? "postmaster" : forwardPath.text,
    );
    if (paths.some((path) => path.startsWith("picky"))) return refused(answers.contentRefused);
    if (mood.kind === "dropsAfterDot" && this.#happens(mood.share)) {
      if (mood.keeps) this.#keep(paths, content);
      this.#break();
      return undefined;
    }
    if (mood.kind === "halfReply" && this.#happens(mood.share)) {
      this.#keep(paths, content);
      this.#connection.write(new TextEncoder().encode("250 2."));
      this.#isClosed = true;
      this.#connection.end();
      return undefined;
    }
    const copies = this.#keep(paths, content);
    if (mood.kind !== "slow") return this.#accepted(copies);
    ports.clock.after(mood.delayMs, () => {
      if (!this.#isClosed) this.#carryOut(this.#session.answer(this.#accepted(copies)));
    });
    return undefined;
  }

  #keep(paths: readonly string[], content: Uint8Array): readonly Copy[] {
    const { witness, writerAt } = this.#host.ports;
    const writer = writerAt(this.#connection.remote);
    return paths.flatMap((path) => witness.copied({ writer, path, content }) ?? []);
  }

  #accepted(copies: readonly Copy[]): ServerAnswer {
    this.#answered = this.#host.answered(copies);
    return { kind: "accepted", queueId: "sim" };
  }

  #say(said: Reply): void {
    this.#connection.write(new TextEncoder().encode(encodeReply(said)));
  }

  #leave(): void {
    this.#say(answers.leaving);
    this.#isClosed = true;
    this.#connection.end();
  }

  #break(): void {
    this.#isClosed = true;
    this.#connection.destroy();
  }

  #happens(share: number): boolean {
    return this.#host.ports.random.next() < share;
  }
}

function doubt({ copies }: Answer): void {
  for (const copy of copies) copy.isDoubtful = true;
}

function refused(answer: (typeof answers)[keyof typeof answers]): ServerAnswer {
  return { kind: "refused", reply: answer };
}
