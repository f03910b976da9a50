/**
 * Plays a transcript against the pure server session, with a scripted driver behind it: its
 * headers are those of script.ts.
 *
 * Events of the transport: `T: tls` (the handshake that the session waits for succeeds),
 * `T: shutdown` and `T: timeout` happen; `T: closed` and `T: pause 1000` are expected of the session.
 * `M:` lines are the content last accepted, `E:` lines say what its envelope must have:
 * `from=<…>`, `to=<…>` (with parameters behind it), `helo=…`, `body=…`, `smtputf8`, `ret=…`,
 * `envid=…`.
 */
import type { Random } from "#lib/random";
import type { Mailbox } from "#lib/smtp/path";
import { encodeReply, type Reply, reply } from "#lib/smtp/reply";
import { ServerSession } from "#lib/smtp/server/session";
import type { ServerAnswer, ServerStep, Transaction } from "#lib/smtp/server/step";
import {
  type Cutting,
  grouped,
  mismatch,
  octets,
  segments,
  type Transcript,
  type TranscriptItem,
} from "../transcript.ts";
import { type Script, scriptOf } from "./script.ts";

type Question = Exclude<ServerStep, { kind: "reply" | "close" }>;

interface PlayOptions {
  readonly cutting: Cutting;
  readonly random: Random;
}

/** Throws an error that names the line when the session does not do what the transcript says. */
export function play(transcript: Transcript, options: PlayOptions): void {
  const player = new Player(scriptOf(transcript), options);
  player.start();
  for (const group of grouped(transcript.items)) {
    try {
      player.play(group);
    } catch (cause) {
      throw new Error(`Line ${group[0]?.lineNumber}: ${String(cause)}`, { cause });
    }
  }
  player.end();
}

class Player {
  readonly #script: Script;
  readonly #options: PlayOptions;
  readonly #session: ServerSession;
  /** What the session has said and done, not compared yet. */
  #output: string[] = [];
  /** A question of the session that is not answered yet. */
  #question: Question | undefined;
  #accepted: { readonly transaction: Transaction; readonly content: Uint8Array } | undefined;
  #messages = 0;

  constructor(script: Script, options: PlayOptions) {
    this.#script = script;
    this.#options = options;
    this.#session = new ServerSession(script.settings);
  }

  start(): void {
    this.#carryOut(this.#session.greet());
  }

  play(group: readonly TranscriptItem[]): void {
    const texts = group.map(({ text }) => text);
    switch (group[0]?.who) {
      case "S":
        this.#expect(texts);
        return;
      case "C":
        this.#expectNothing();
        this.#send(texts);
        return;
      case "T":
        for (const text of texts) this.#transport(text);
        return;
      case "M":
        this.#expectContent(octets(texts));
        return;
      case "E":
        this.#expectEnvelope(texts);
        return;
      default:
        throw new SyntaxError("no such side");
    }
  }

  end(): void {
    this.#expectNothing();
  }

  #send(lines: readonly string[]): void {
    const { cutting, random } = this.#options;
    for (const segment of segments(octets(lines), cutting, random)) {
      this.#carryOut(this.#session.receive(segment));
      segment.fill(0xff);
      // The driver's answer may take longer than the next segment.
      if (cutting === "whole" || random.below(3) > 0) this.#answerAll();
    }
    this.#answerAll();
  }

  #transport(event: string): void {
    if (event === "tls") {
      this.#expectNothing();
      if (this.#question?.kind !== "startTls") throw new Error("no handshake is due");
      this.#question = undefined;
      this.#carryOut(this.#session.answer({ kind: "tlsStarted" }));
    } else if (event === "shutdown" || event === "timeout") {
      this.#expectNothing();
      this.#carryOut(this.#session[event]());
    } else this.#expectFirst(event);
    this.#answerAll();
  }

  /** Replies are compared in order, but an event of the transport is a group of its own. */
  #expect(patterns: readonly string[]): void {
    const isEvent = (line: string) => line.startsWith("T: ");
    const end = this.#output.findIndex(isEvent);
    const lines = this.#output.splice(0, end === -1 ? this.#output.length : end);
    const why = mismatch(patterns, lines);
    if (why !== undefined) throw new Error(why);
  }

  #expectFirst(event: string): void {
    const first = this.#output.shift();
    if (first !== `T: ${event}`)
      throw new Error(`expected "${event}", got "${first ?? "nothing"}"`);
  }

  #expectNothing(): void {
    if (this.#output.length > 0) throw new Error(`nobody expected "${this.#output[0]}"`);
  }

  #expectContent(expected: Uint8Array): void {
    const text = (bytes: Uint8Array) => JSON.stringify(new TextDecoder("latin1").decode(bytes));
    const content = this.#accepted?.content;
    if (content === undefined) throw new Error("no message was accepted");
    if (text(content) !== text(expected)) throw new Error(`the content is ${text(content)}`);
  }

  #expectEnvelope(expected: readonly string[]): void {
    if (this.#accepted === undefined) throw new Error("no message was accepted");
    const lines = envelopeLines(this.#accepted.transaction);
    for (const line of expected) {
      if (!lines.includes(line)) throw new Error(`no "${line}" in ${JSON.stringify(lines)}`);
    }
  }

  #carryOut(steps: readonly ServerStep[]): void {
    for (const step of steps) {
      if (step.kind === "close") {
        this.#question = undefined;
        this.#output.push("T: closed");
        continue;
      }
      if (this.#question !== undefined) throw new Error("a step while a question is open");
      if (step.kind !== "reply") this.#question = step;
      else this.#output.push(...encodeReply(step.reply).slice(0, -2).split("\r\n"));
    }
  }

  #answerAll(): void {
    while (this.#question !== undefined && this.#question.kind !== "startTls") {
      const question = this.#question;
      this.#question = undefined;
      if (question.kind === "pause") this.#output.push(`T: pause ${question.delayMs}`);
      this.#carryOut(this.#session.answer(this.#answerTo(question)));
    }
  }

  #answerTo(question: Question): ServerAnswer {
    const { users, refusals } = this.#script;
    switch (question.kind) {
      case "startTls":
        return { kind: "tlsStarted" };
      case "pause":
        return { kind: "resumed" };
      case "authenticate": {
        const isRight = users.get(question.user) === question.password;
        const refused = isRight ? refusals.get("auth") : wrongPassword;
        return refused === undefined
          ? { kind: "authenticated" }
          : { kind: "refused", reply: refused };
      }
      case "admitMail": {
        const refused = refusals.get(`mail <${question.reversePath?.text ?? ""}>`);
        return refused === undefined ? { kind: "admitted" } : { kind: "refused", reply: refused };
      }
      case "admitRecipient": {
        const { forwardPath } = question;
        const path = "postmaster" in forwardPath ? forwardPath.postmaster : forwardPath.text;
        const refused = refusals.get(`rcpt <${path}>`) ?? this.#relaying(forwardPath);
        return refused === undefined ? { kind: "admitted" } : { kind: "refused", reply: refused };
      }
      case "acceptMessage":
        return this.#accept(question);
    }
  }

  #relaying(forwardPath: Mailbox | { readonly postmaster: string }): Reply | undefined {
    const isUser = this.#session.user !== undefined;
    if (isUser || "postmaster" in forwardPath) return undefined;
    const isLocal = "domain" in forwardPath && this.#script.domains.has(forwardPath.domain);
    return isLocal ? undefined : relayingDenied;
  }

  #accept({ transaction, content }: Question & { kind: "acceptMessage" }): ServerAnswer {
    const refused = this.#script.refusals.get("content");
    if (refused !== undefined) return { kind: "refused", reply: refused };
    this.#messages += 1;
    this.#accepted = { transaction, content: content.slice() };
    return { kind: "accepted", queueId: `Q${this.#messages}` };
  }
}

const wrongPassword = reply(535, "5.7.8", "Authentication credentials invalid");
const relayingDenied = reply(550, "5.7.1", "Relaying denied");

function envelopeLines({ reversePath, parameters, recipients, helo }: Transaction): string[] {
  const { smtpUtf8, auth: _, ...rest } = parameters;
  const words = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
  const to = recipients.map(({ forwardPath, parameters: { notify, orcpt } }) => {
    const path = "postmaster" in forwardPath ? forwardPath.postmaster : forwardPath.text;
    const asked = notify === undefined ? "" : ` notify=${notify.join(",")}`;
    return `to=<${path}>${asked}${orcpt === undefined ? "" : ` orcpt=${orcpt}`}`;
  });
  const flags = smtpUtf8 ? ["smtputf8"] : [];
  return [`from=<${reversePath?.text ?? ""}>`, ...to, `helo=${helo}`, ...words, ...flags];
}
