/**
 * Writes lines to a descriptor beside the work: many at a time, and never more than memory allows.
 */
import { write } from "node:fs";
import type { CancelTimer, Clock } from "#lib/clock";

export interface LineWriterOptions {
  readonly descriptor: number;
  readonly clock: Clock;
  /** Characters kept while nobody takes them; beyond it lines are dropped, and counted. */
  readonly waitingMax: number;
}

/** Lines wait this long for company: a write for each would cost more than making it. */
const gatherMs = 20;
/** Before another try when the reader is slow and the descriptor does not block. */
const retryMs = 50;

export class LineWriter {
  readonly #options: LineWriterOptions;
  #lines: string[] = [];
  #waiting = 0;
  #dropped = 0;
  #cancel: CancelTimer | undefined;
  #running: Promise<void> | undefined;
  #isBroken = false;

  constructor(options: LineWriterOptions) {
    this.#options = options;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** `line` ends in a line end. */
  write(line: string): void {
    const { waitingMax } = this.#options;
    if (this.#isBroken || this.#waiting + line.length > waitingMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#waiting += line.length;
    this.#gather();
  }

  /** Resolves when everything so far is written, or nobody reads any more. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    while (this.#running !== undefined || this.#lines.length > 0) {
      this.#running ??= this.#writeLines();
      await this.#running;
    }
  }

  /** Between two writes lines gather, too: one after the other they would be small, and many. */
  #gather(): void {
    if (this.#running !== undefined || this.#cancel !== undefined) return;
    if (this.#lines.length === 0) return;
    this.#cancel = this.#options.clock.after(gatherMs, () => {
      this.#cancel = undefined;
      this.#running ??= this.#writeLines();
    });
  }

  async #writeLines(): Promise<void> {
    const text = this.#lines.join("");
    this.#lines = [];
    await this.#writeAll(Buffer.from(text));
    this.#waiting -= text.length;
    this.#running = undefined;
    this.#gather();
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    const { descriptor, clock } = this.#options;
    let rest = bytes;
    while (rest.length > 0 && !this.#isBroken) {
      const result = await writeOnce(descriptor, rest);
      if (typeof result === "number") rest = rest.subarray(result);
      else if (result === "EAGAIN") await clock.sleep(retryMs);
      // Who reads our log ended before us: no reason to stop moving mail.
      else this.#isBroken = true;
    }
  }
}

/** The number of bytes written, or the error's code. */
function writeOnce(descriptor: number, bytes: Buffer): Promise<number | string> {
  return new Promise((resolve) => {
    write(descriptor, bytes, (error, written) => resolve(error?.code ?? written));
  });
}
