/**
 * The replies of one session on their way out, and what is done to them when a fault strikes.
 *
 *   open ──slow──▶ held ──time──▶ open
 *   open ──drop, leave, half a reply, 421──▶ over
 *   open ──silence──▶ over, but the connection stays
 */
import type { Clock } from "#lib/clock";
import type { Connection } from "#lib/net/transport";
import { type Misdeed, type Stage, textFor } from "./fault.ts";
import type { Asked, Faults } from "./faults.ts";
import { noReply, type Reply, reply, replyOf } from "./reply.ts";

export interface Due {
  readonly stage: Stage;
  /** The right one; `noReply` where none is due. */
  readonly reply: Reply;
  /** Faults of the paths concerned; those of the whole sink come first. */
  readonly asked: readonly Asked[];
  /** Done once the right reply has its place, and not at all when another is given. */
  readonly then?: () => void;
}

interface OutletOptions {
  readonly connection: Connection;
  readonly faults: Faults;
  readonly clock: Clock;
  /** No longer held. */
  readonly resumed: () => void;
}

type Step =
  | { readonly octets: Buffer }
  | { readonly waitMs: number }
  | { readonly act: () => void };

const dribbleMs = 1;

export class Outlet {
  readonly #options: OutletOptions;
  /** To be said, in one write. */
  readonly #said: Buffer[] = [];
  /** What comes behind it; empty unless a fault has struck. */
  #steps: Step[] = [];
  #cancelWait: (() => void) | undefined;
  #isOver = false;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** More may be read from the peer. */
  get isOpen(): boolean {
    return !this.#isOver && this.#steps.length === 0 && this.#cancelWait === undefined;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  say({ octets }: Reply): void {
    if (this.#isOver || octets.length === 0) return;
    if (this.isOpen) this.#said.push(octets);
    else this.#steps.push({ octets });
  }

  /** Whether the answer is yes: the right reply, or one that the peer will never see whole. */
  answer(due: Due): boolean {
    if (this.#isOver) return false;
    const fault = this.#options.faults.striking(due.stage, due.asked);
    if (fault !== undefined) return this.#misbehave(fault.misdeed, due);
    this.say(due.reply);
    due.then?.();
    return true;
  }

  flush(): void {
    if (this.#cancelWait !== undefined) return;
    const [first] = this.#said;
    if (first !== undefined) {
      const all = this.#said.length === 1 ? first : Buffer.concat(this.#said);
      this.#said.length = 0;
      this.#options.connection.write(all);
    }
    while (this.#steps.length > 0 && this.#cancelWait === undefined) this.#step();
  }

  /** Says what is to be said, then closes. Nothing is said after it. */
  end(): void {
    if (this.#isOver) return;
    this.#steps.push({ act: () => this.#options.connection.end() });
    this.#isOver = true;
  }

  /** The connection is gone. */
  close(): void {
    this.#isOver = true;
    this.#steps = [];
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  #step(): void {
    const step = this.#steps.shift();
    if (step === undefined) return;
    if ("octets" in step) this.#options.connection.write(step.octets);
    else if ("act" in step) step.act();
    else {
      this.#cancelWait = this.#options.clock.after(step.waitMs, () => {
        this.#cancelWait = undefined;
        this.flush();
        if (this.isOpen) this.#options.resumed();
      });
    }
  }

  #misbehave(misdeed: Misdeed, due: Due): boolean {
    switch (misdeed.kind) {
      case "reply":
        return this.#replyOtherwise(misdeed.code, misdeed.text, due);
      case "slow":
        this.#steps.push({ waitMs: misdeed.delayMs }, ...rightSteps(due));
        return true;
      case "byte-by-byte":
        for (const octet of due.reply.octets) {
          this.#steps.push({ octets: Buffer.of(octet) }, { waitMs: dribbleMs });
        }
        this.#steps.push(...rightSteps({ ...due, reply: noReply }));
        return true;
      case "half-a-reply":
        this.say(halfOf(due.reply));
        this.end();
        return true;
      case "leave":
        this.say(due.reply);
        this.end();
        return true;
      case "drop":
        this.end();
        return true;
      case "silence":
        this.#isOver = true;
        return true;
      case "garbage":
        this.say(garbage);
        return true;
    }
  }

  #replyOtherwise(code: number, text: string | undefined, due: Due): boolean {
    this.say(replyOf(code, text ?? textFor(code, due.stage)));
    // RFC 5321 §3.8: 421 closes. In the middle of the content nothing else can follow either.
    if (code === 421 || due.stage === "content") this.end();
    const isYes = code < 400;
    if (isYes) due.then?.();
    return isYes;
  }
}

const garbage = reply("\x00\x01 no reply\r\n");

function halfOf({ text }: Reply): Reply {
  return reply(text.slice(0, Math.ceil(text.length / 2)));
}

function rightSteps({ reply: { octets }, then }: Due): Step[] {
  return then === undefined ? [{ octets }] : [{ octets }, { act: then }];
}
