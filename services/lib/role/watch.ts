/** Looks at a part again and again, and tells what it finds. */
import type { CancelTimer, Clock } from "#lib/clock";
import type { Readiness, Trouble } from "./readiness.ts";

export interface WatchOptions {
  readonly part: string;
  /** Undefined: it works. What it throws is trouble, too. */
  readonly look: () => Promise<Trouble | undefined>;
  /** Whether a look that fails or takes too long keeps work away. */
  readonly isBlocking: boolean;
  readonly everyMs?: number;
  readonly clock: Clock;
  readonly readiness: Readiness;
}

const everyMsDefault = 3_000;
/** No answer is an answer. */
const lookMsMax = 3_000;

export class Watch {
  readonly #options: WatchOptions;
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.look();
    if (!this.#isStopped) this.startLater();
  }

  /** For what has just been seen to work. */
  startLater(): void {
    const { clock, everyMs = everyMsDefault } = this.#options;
    this.#cancel = clock.after(everyMs, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const { part, readiness } = this.#options;
    const trouble = await this.#inTime();
    if (!this.#isStopped) readiness.tell(part, trouble);
  }

  async #inTime(): Promise<Trouble | undefined> {
    const { clock, look, isBlocking } = this.#options;
    const timeout = new AbortController();
    const late = clock.sleep(lookMsMax, timeout.signal).then(
      () => ({ reason: "no answer in time", isBlocking }),
      () => undefined,
    );
    try {
      return await Promise.race([look(), late]);
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), isBlocking };
    } finally {
      timeout.abort();
    }
  }
}
