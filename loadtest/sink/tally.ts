/**
 * What has arrived at a sink: numbers, the ledger of ids, and the messages themselves when they are
 * kept.
 */
import { isIntact } from "../content.ts";
import { Ledger } from "../ledger.ts";
import type { LoadId } from "../load-id.ts";

/**
 * `nothing`: ids only. `samples`: whether one in 64 came as it was made. `verdicts`: whether each
 * did. `messages`: all of it.
 */
export const keeps = ["nothing", "samples", "verdicts", "messages"] as const;
export type Keep = (typeof keeps)[number];

/** A digest of each would cost more than all else that a sink does. */
const oneSampleIn = 64;

/** A message that was told 250, or whose reply was swallowed on purpose. */
export interface SunkMessage {
  /** Without the angle brackets; "" for the null reverse-path. */
  readonly reversePath: string;
  /** What stood behind the paths: `BODY=8BITMIME SIZE=3`. */
  readonly mailParameters: string;
  readonly recipients: readonly SunkRecipient[];
  /** Without transparency. Only with `keep`. */
  readonly content: Buffer | undefined;
  readonly id: LoadId | undefined;
  readonly sizeBytes: number;
  readonly isTls: boolean;
}

/** Told of what limits count, at the moment it happens. */
export interface SinkWatch {
  opened(): void;
  closed(): void;
  /** A MAIL that is answered as it should be. */
  mail(): void;
}

interface Listeners {
  readonly arrived?: (message: SunkMessage) => void;
  readonly watch?: SinkWatch;
}

export interface SunkRecipient {
  readonly forwardPath: string;
  readonly parameters: string;
}

export class Tally {
  readonly ledger = new Ledger();
  readonly #keep: Keep;
  readonly #listeners: Listeners;
  #messages: SunkMessage[] = [];
  #waiting: { readonly isReached: () => boolean; readonly resolve: () => void }[] = [];
  #counts = {
    sessions: 0,
    sessionsOpen: 0,
    sessionsOpenMax: 0,
    tlsSessions: 0,
    commands: 0,
    messages: 0,
    recipients: 0,
    bytes: 0,
    /** Messages with a null reverse-path. */
    notifications: 0,
    /** Messages without an id. */
    unnamed: 0,
    /** Not as they were made, of those that were looked at. */
    damaged: 0,
    /** Whether they are as they were made. */
    lookedAt: 0,
    /** Milliseconds since the epoch; 0: none yet. */
    firstAt: 0,
    /** When the last message came that had not come before. */
    lastNewAt: 0,
  };

  constructor(keep: Keep, listeners: Listeners) {
    this.#keep = keep;
    this.#listeners = listeners;
  }

  get counts(): Readonly<Counts> {
    return { ...this.#counts };
  }

  /** Whether the content of the next message is wanted. */
  keepsNext(): boolean {
    if (this.#keep === "samples") return this.#counts.messages % oneSampleIn === 0;
    return this.#keep !== "nothing";
  }

  /** In the order of their final dots. Empty unless they are kept. */
  get messages(): readonly SunkMessage[] {
    return this.#messages;
  }

  forgetMessages(): void {
    this.#messages = [];
  }

  opened(): void {
    const counts = this.#counts;
    counts.sessions += 1;
    counts.sessionsOpen += 1;
    counts.sessionsOpenMax = Math.max(counts.sessionsOpenMax, counts.sessionsOpen);
    this.#listeners.watch?.opened();
    this.#tell();
  }

  closed(): void {
    this.#counts.sessionsOpen -= 1;
    this.#listeners.watch?.closed();
    this.#tell();
  }

  mail(): void {
    this.#listeners.watch?.mail();
  }

  tlsStarted(): void {
    this.#counts.tlsSessions += 1;
  }

  command(): void {
    this.#counts.commands += 1;
  }

  take(message: SunkMessage, now: number): void {
    const counts = this.#counts;
    counts.messages += 1;
    counts.recipients += message.recipients.length;
    counts.bytes += message.sizeBytes;
    if (counts.firstAt === 0) counts.firstAt = now;
    if (message.reversePath === "") counts.notifications += 1;
    // A notification carries the header section of what it is about; it is no copy of it.
    if (message.id === undefined || message.reversePath === "") counts.unnamed += 1;
    else {
      if (this.ledger.add(message.id, message.recipients.length)) counts.lastNewAt = now;
      if (message.content !== undefined) this.#lookAt(message.content);
    }
    this.#listeners.arrived?.(message);
    if (this.#keep === "messages") this.#messages.push(message);
    this.#tell();
  }

  #lookAt(content: Buffer): void {
    this.#counts.lookedAt += 1;
    if (!isIntact(content)) this.#counts.damaged += 1;
  }

  /** Resolves when the condition holds, which is looked at whenever something changed. */
  until(isReached: (counts: Counts, ledger: Ledger) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isReached: () => isReached(this.#counts, this.ledger), resolve });
      this.#tell();
    });
  }

  #tell(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ isReached, resolve }) => {
      if (!isReached()) return true;
      resolve();
      return false;
    });
  }
}

export type Counts = {
  readonly sessions: number;
  readonly sessionsOpen: number;
  readonly sessionsOpenMax: number;
  readonly tlsSessions: number;
  readonly commands: number;
  readonly messages: number;
  readonly recipients: number;
  readonly bytes: number;
  readonly notifications: number;
  readonly unnamed: number;
  readonly damaged: number;
  readonly lookedAt: number;
  readonly firstAt: number;
  readonly lastNewAt: number;
};
