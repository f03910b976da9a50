/**
 * The newest entries of a shard's log, kept in memory for the reader that follows them: what was
 * just accepted need not be read back from the disk.
 */
import type { LogEntry, PullLimit } from "#lib/stream/stream";
import { Waiters } from "#lib/stream/waiters";

export class Tail {
  readonly #bytesMax: number;
  #entries: LogEntry[] = [];
  #bytes = 0;
  /** Everything in the log behind this sequence is in here. */
  #completeAfter = Number.POSITIVE_INFINITY;
  /** The last sequence that was told. */
  #last = 0;
  /** Wakes who waits for new entries, kept here or not. */
  readonly appended = new Waiters();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** An entry is durable. In order of sequence. */
  append(entry: LogEntry): void {
    this.#last = entry.sequence;
    if (entry.sequence > this.#completeAfter) this.#keep(entry);
    this.appended.wake();
  }

  /** The log was read up to its end, and this was its last sequence. */
  follow(end: number): void {
    // Something came meanwhile, and was not kept: the reader asks the disk once more.
    if (this.#last > end) return;
    this.forget();
    this.#completeAfter = end;
  }

  /** What is not read now must be read from the disk. */
  forget(): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#completeAfter = Number.POSITIVE_INFINITY;
  }

  /**
   * Entries behind `after` within the limit, maybe none; undefined: ask the disk. They leave the
   * tail.
   */
  take(after: number, { countMax, bytesMax }: PullLimit): readonly LogEntry[] | undefined {
    if (after < this.#completeAfter) return undefined;
    const start = this.#entries.findIndex((entry) => entry.sequence > after);
    if (start === -1) return this.#leave(this.#entries.length, after) && [];
    let bytes = 0;
    let end = start;
    for (; end < this.#entries.length; end++) {
      bytes += bytesOf(this.#entries[end]);
      if (end > start && (end - start >= countMax || bytes > bytesMax)) break;
    }
    const taken = this.#entries.slice(start, end);
    this.#leave(end, taken.at(-1)?.sequence ?? after);
    return taken;
  }

  #keep(entry: LogEntry): void {
    this.#entries.push(entry);
    this.#bytes += bytesOf(entry);
    if (this.#bytes > this.#bytesMax) this.forget();
  }

  #leave(count: number, through: number): true {
    for (const entry of this.#entries.splice(0, count)) this.#bytes -= bytesOf(entry);
    this.#completeAfter = Math.max(this.#completeAfter, through);
    return true;
  }
}

function bytesOf(entry: LogEntry | undefined): number {
  return entry === undefined ? 0 : entry.record.length + (entry.content?.length ?? 0);
}
