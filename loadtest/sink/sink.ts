/** An SMTP or LMTP server that throws away what it gets, counts it, and misbehaves on request. */
import { type Clock, systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint, Listener, TlsIdentity, Transport } from "#lib/net/transport";
import { type Random, systemRandom } from "#lib/random";
import type { Ledger } from "../ledger.ts";
import { DomainFaults } from "./domain-faults.ts";
import { Faults } from "./faults.ts";
import type { Greeting } from "./greeting.ts";
import { type SessionContext, SinkSession } from "./session.ts";
import { type Counts, type Keep, type SinkWatch, type SunkMessage, Tally } from "./tally.ts";

export interface SinkOptions {
  /** Default: a free port of 127.0.0.1. */
  readonly at?: Endpoint;
  readonly greeting?: Partial<Greeting>;
  readonly protocol?: "smtp" | "lmtp";
  readonly identity?: TlsIdentity;
  /** With an identity: `starttls` unless it is withheld. */
  readonly tls?: "starttls" | "implicit";
  /** What the whole sink does wrong, in the words of `fault.ts`. */
  readonly faults?: readonly string[];
  /** What goes wrong with recipients of certain domains: a text as `domain-faults.ts` reads it. */
  readonly domains?: { readonly name: string; readonly text: string };
  readonly keep?: Keep;
  /** More get 421. */
  readonly sessionsMax?: number;
  /** Told of each message as it is taken. */
  readonly arrived?: (message: SunkMessage) => void;
  readonly watch?: SinkWatch;
}

export interface SinkPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

const realPorts = (): SinkPorts => ({
  transport: bunTransport(systemClock),
  clock: systemClock,
  random: systemRandom,
});

export class Sink implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly #listener: Listener;
  readonly #sessions: Set<SinkSession>;
  readonly #tally: Tally;
  readonly #faults: Faults;

  static async start(options: SinkOptions = {}, ports: SinkPorts = realPorts()): Promise<Sink> {
    const {
      keep = "nothing",
      faults: words = [],
      sessionsMax = Number.POSITIVE_INFINITY,
    } = options;
    const tally = new Tally(keep, options);
    const { domains } = options;
    const drawn = domains && DomainFaults.read(domains.text, domains.name, ports.random);
    const faults = new Faults(ports.random, drawn);
    faults.replace(words);
    const context: SessionContext = {
      greeting: { hostname: "sink.example", withheld: [], sizeMax: 0, ...options.greeting },
      protocol: options.protocol ?? "smtp",
      identity: options.identity,
      faults,
      tally,
      clock: ports.clock,
    };
    const implicit = options.tls === "implicit" ? options.identity : undefined;
    const sessions = new Set<SinkSession>();
    const at = options.at ?? { address: "127.0.0.1", port: 0 };
    const listener = await ports.transport.listen(at, (connection) => {
      const session = new SinkSession(connection, context, () => sessions.delete(session));
      sessions.add(session);
      // The connection knows of the session only once this returns.
      queueMicrotask(() => {
        if (sessions.size > sessionsMax) session.refuse();
        else if (implicit === undefined) session.start();
        else session.startUnderTls(implicit);
      });
      return session;
    });
    return new Sink({ listener, sessions, tally, faults });
  }

  private constructor(parts: {
    readonly listener: Listener;
    readonly sessions: Set<SinkSession>;
    readonly tally: Tally;
    readonly faults: Faults;
  }) {
    this.endpoint = parts.listener.local;
    this.#listener = parts.listener;
    this.#sessions = parts.sessions;
    this.#tally = parts.tally;
    this.#faults = parts.faults;
  }

  /** Copies by id, one for each recipient. */
  get ledger(): Ledger {
    return this.#tally.ledger;
  }

  get counts(): Counts {
    return this.#tally.counts;
  }

  /** How often each fault has happened: `reply at rcpt`. */
  get faultCounts(): Readonly<Record<string, number>> {
    return this.#faults.counts;
  }

  /** With `keep: "messages"`, in the order of their final dots. */
  get messages(): readonly SunkMessage[] {
    return this.#tally.messages;
  }

  forgetMessages(): void {
    this.#tally.forgetMessages();
  }

  /** From now on the whole sink does this and nothing else; nothing: it behaves. */
  misbehave(...words: readonly string[]): void {
    this.#faults.replace(words);
  }

  /** Resolves when that holds; looked at whenever a message came or a session opened or closed. */
  until(isReached: (counts: Counts, ledger: Ledger) => boolean): Promise<void> {
    return this.#tally.until(isReached);
  }

  /** No new sessions; the running ones go on. */
  close(): Promise<void> {
    return this.#listener.stop();
  }

  /** At once, with every session. */
  async stop(): Promise<void> {
    await this.#listener.stop();
    for (const session of this.#sessions) session.destroy();
    await this.until(({ sessionsOpen }) => sessionsOpen === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
