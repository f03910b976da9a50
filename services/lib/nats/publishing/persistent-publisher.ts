/**
 * Publishes until it is known what became of it: what is not answered is published again under the
 * same id, which the stream knows for the duplicate window.
 */
import type { Clock } from "#lib/clock";
import { rejectOnAbort } from "#lib/stream/waiters";
import type { Wire } from "../link.ts";
import { InFlight, type InFlightLimit } from "./in-flight.ts";
import { type Answer, idHeader, type Publisher, publishHeaders } from "./publisher.ts";

export interface Letter {
  /** The same again is the same message. */
  readonly id: string;
  readonly subject: string;
  /** Whose subject that is. */
  readonly stream: string;
  readonly data: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Fate =
  | { readonly kind: "stored"; readonly isDuplicate: boolean }
  /** No room; it is not stored. */
  | { readonly kind: "full"; readonly reason: string }
  /** Not stored as far as we know. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface PersistentPublisherOptions {
  readonly link: Wire;
  readonly publisher: Pick<Publisher, "publish">;
  readonly clock: Clock;
  readonly limit?: InFlightLimit;
  readonly patienceMs?: number;
  /** Told how each ended, by stream. */
  readonly onFate?: (stream: string, fate: Fate) => void;
}

/** DESIGN §4.3: an election takes 4 to 9 s; then the client is told to come again. */
const patienceMs = 30_000;
const publishesMax: InFlightLimit = { countMax: 1_024, bytesMax: 64 * 1024 * 1024 };
const retryFirstMs = 100;
const retryCapMs = 2_000;

/** 10077: the stream is at max_bytes; 10023, 10047: the server's disk; 10167: its memory. */
export const fullCodes: ReadonlySet<number> = new Set([10_077, 10_023, 10_047, 10_167]);
/** 10158: the same id is being stored right now; 10008, 10074, 10009: the cluster settles. */
const passingCodes: ReadonlySet<number> = new Set([10_158, 10_008, 10_009, 10_074]);

export class PersistentPublisher {
  readonly #options: PersistentPublisherOptions;
  readonly #inFlight: InFlight;
  readonly #patienceMs: number;
  #retries = 0;

  constructor(options: PersistentPublisherOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? patienceMs;
    this.#inFlight = new InFlight(options.limit ?? publishesMax);
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  /** Publishes that were repeated. */
  get retries(): number {
    return this.#retries;
  }

  /** Never rejects. */
  async publish(letter: Letter): Promise<Fate> {
    const deadline = this.#options.clock.monotonic() + this.#patienceMs;
    const fate = await this.#inFlight.run(letter.data.length, () => this.#try(letter, deadline));
    this.#options.onFate?.(letter.stream, fate);
    return fate;
  }

  async #try(letter: Letter, deadline: number): Promise<Fate> {
    const { publisher, clock } = this.#options;
    const fields = publishHeaders({ [idHeader]: letter.id, ...letter.headers });
    let isInDoubt = false;
    let reason = "there was no room for it in time";
    for (let waitMs = retryFirstMs; clock.monotonic() < deadline; ) {
      const answer = await publisher.publish({ ...letter, headers: fields });
      const fate = fateOf(answer, letter, isInDoubt);
      if (fate !== undefined) return fate;
      isInDoubt ||= answer.kind === "unanswered";
      if (answer.kind !== "stored") reason = answer.reason;
      this.#retries += 1;
      await this.#pause(Math.min(waitMs, deadline - clock.monotonic()));
      waitMs = Math.min(waitMs * 2, retryCapMs);
    }
    return { kind: "unavailable", reason };
  }

  /** A while; without a connection until it is back. */
  async #pause(waitMs: number): Promise<void> {
    const { link, clock } = this.#options;
    if (link.isUp) return clock.sleep(Math.max(0, waitMs));
    const back = new AbortController();
    const cancel = clock.after(Math.max(0, waitMs), () => back.abort());
    try {
      await rejectOnAbort(link.changed.wait(), back.signal);
    } catch (error) {
      if (!back.signal.aborted) throw error;
    } finally {
      cancel();
    }
  }
}

/** Undefined: to be tried again. */
function fateOf(answer: Answer, { stream }: Letter, isInDoubt: boolean): Fate | undefined {
  if (answer.kind === "stored") {
    if (answer.stream === stream) return { kind: "stored", isDuplicate: answer.isDuplicate };
    const reason = `stream ${answer.stream} took it, not ${stream}: their subjects overlap`;
    return { kind: "unavailable", reason };
  }
  if (answer.kind !== "refused" || passingCodes.has(answer.code)) return undefined;
  // An earlier try may be stored: then it must not be said that nothing was kept.
  const isFull = fullCodes.has(answer.code) && !isInDoubt;
  return { kind: isFull ? "full" : "unavailable", reason: answer.reason };
}
