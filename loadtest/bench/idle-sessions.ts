/** Many sessions that have said EHLO and say nothing more. */
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import type { Endpoint } from "#lib/net/transport";
import { SourceSession } from "../source/session.ts";

/** Connections on their way at a time: a listener's queue is short. */
const openingMax = 50;
const connectTimeoutMs = 30_000;

export class IdleSessions {
  readonly #to: Endpoint;
  readonly #transport = bunTransport(systemClock);
  readonly #sessions = new Set<SourceSession>();
  readonly replyTimeoutMs = connectTimeoutMs;
  readonly #waiting = new Map<SourceSession, () => void>();

  constructor(to: Endpoint) {
    this.#to = to;
  }

  /** Sessions that are there now. */
  get held(): number {
    return this.#sessions.size - this.#waiting.size;
  }

  async open(count: number): Promise<void> {
    let left = count;
    const opener = async () => {
      while (left > 0) {
        left -= 1;
        await this.#open();
      }
    };
    await Promise.all(Array.from({ length: openingMax }, opener));
  }

  close(): void {
    for (const session of this.#sessions) session.destroy("measured");
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  ready(session: SourceSession): void {
    this.#settled(session);
  }

  done(): void {
    // Nothing is sent.
  }

  over(session: SourceSession): void {
    this.#settled(session);
    this.#sessions.delete(session);
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const options = {
        tls: "none",
        auth: undefined,
        pipelining: "never",
        hostname: "idle.example",
      } as const;
      const connected = this.#transport.connect(
        this.#to,
        { timeoutMs: connectTimeoutMs },
        (connection) => {
          const session = new SourceSession(connection, options, this);
          this.#sessions.add(session);
          this.#waiting.set(session, resolve);
          return session;
        },
      );
      connected.catch(() => resolve());
    });
  }

  #settled(session: SourceSession): void {
    this.#waiting.get(session)?.();
    this.#waiting.delete(session);
  }
}
