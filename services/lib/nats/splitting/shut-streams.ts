/**
 * Streams that take nothing now, and what waits for them. One letter of a stream is tried from time to
 * time; when that is taken the others are tried, too.
 */
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/telemetry/log";
import type { Letter, PersistentPublisher } from "../publishing/persistent-publisher.ts";

export interface ShutStreamsPorts {
  readonly publisher: Pick<PersistentPublisher, "publish">;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Refused {
  readonly letter: Letter;
  readonly reason: string;
}

interface Waiting {
  readonly letter: Letter;
  readonly end: (isStored: boolean) => void;
}

const retryMs = 1_000;

export class ShutStreams {
  readonly #ports: ShutStreamsPorts;
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(ports: ShutStreamsPorts) {
    this.#ports = ports;
  }

  /** Nothing new is to be published there: what waits has its turn first. */
  isShut(stream: string): boolean {
    return this.#waiting.has(stream);
  }

  /** Resolves to true when it is stored; to false when `signal` aborts before. */
  wait({ letter, reason }: Refused, signal: AbortSignal): Promise<boolean> {
    const { stream } = letter;
    const { promise, resolve: end } = Promise.withResolvers<boolean>();
    const waiting = this.#waiting.get(stream);
    if (waiting === undefined) {
      this.#ports.log.warn("split_waits", { stream, reason });
      const first = [{ letter, end }];
      this.#waiting.set(stream, first);
      void this.#tryAll(stream, first, signal);
    } else waiting.push({ letter, end });
    return promise;
  }

  async #tryAll(stream: string, waiting: Waiting[], signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    while (waiting.length > 0 && !signal.aborted) {
      await clock.sleep(retryMs, signal).catch(() => undefined);
      const [first, ...others] = waiting;
      if (first === undefined || signal.aborted || !(await this.#isStored(first))) continue;
      const stored = await Promise.all(others.map((one) => this.#isStored(one)));
      const left = others.filter((_, n) => stored[n] === false);
      // Behind them stand those that have come meanwhile.
      waiting.splice(0, others.length + 1, ...left);
    }
    this.#waiting.delete(stream);
    for (const { end } of waiting) end(false);
    if (!signal.aborted) log.info("split_goes_on", { stream });
  }

  async #isStored({ letter, end }: Waiting): Promise<boolean> {
    const { kind } = await this.#ports.publisher.publish(letter);
    if (kind === "stored") end(true);
    return kind === "stored";
  }
}
