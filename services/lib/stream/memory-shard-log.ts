/** One shard's log in memory, and a reader of it. */
import { assert } from "#lib/assert";
import { betweenFaults, type Faults } from "#lib/faults";
import type { Shard } from "#lib/queue/unit";
import type { LogEntry, LogReader, Pulled, PullLimit } from "./stream.ts";
import { rejectOnAbort, Waiters } from "./waiters.ts";

export class ShardLog {
  /** Sequences rise by one, so an entry's index follows from its sequence. */
  #entries: LogEntry[] = [];
  #end = 0;
  readonly appended = new Waiters();

  get end(): number {
    return this.#end;
  }

  append(entry: Omit<LogEntry, "sequence">): void {
    this.#end += 1;
    this.#entries.push({ ...entry, sequence: this.#end });
    this.appended.wake();
  }

  /** Drops and returns what lies up to `floor`. */
  purge(floor: number): readonly LogEntry[] {
    return this.#entries.splice(0, Math.max(0, floor - this.#before));
  }

  /** What lies behind `after` within the limit, but at least one where there is one. */
  read(after: number, limit: PullLimit): readonly LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let i = Math.max(0, after - this.#before); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      assert(entry !== undefined, "the index is within the log");
      bytes += entry.record.length + (entry.content?.length ?? 0);
      if (found.length > 0 && (found.length >= limit.countMax || bytes > limit.bytesMax)) break;
      found.push(entry);
    }
    return found;
  }

  /** The sequence before the first entry that is still there. */
  get #before(): number {
    return this.#end - this.#entries.length;
  }
}

export interface MemoryReaderOptions {
  readonly log: ShardLog;
  readonly shard: Shard;
  readonly after: number;
  readonly faults: Faults | undefined;
}

export class MemoryReader implements LogReader {
  readonly #log: ShardLog;
  readonly #shard: Shard;
  readonly #faults: Faults | undefined;
  #through: number;
  #isPulling = false;

  constructor(options: MemoryReaderOptions) {
    this.#log = options.log;
    this.#shard = options.shard;
    this.#through = options.after;
    this.#faults = options.faults;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<Pulled> {
    assert(!this.#isPulling, "a reader has one pull at a time");
    this.#isPulling = true;
    try {
      const point = { seam: "stream", operation: "pull", shard: this.#shard } as const;
      const reading = betweenFaults(this.#faults, point, () => this.#read(limit, signal));
      const entries = await rejectOnAbort(reading, signal);
      // Only now, since an answer that was lost must be given again.
      this.#through = entries.at(-1)?.sequence ?? this.#through;
      return { entries, through: this.#through };
    } finally {
      this.#isPulling = false;
    }
  }

  close(): void {}

  async #read(limit: PullLimit, signal: AbortSignal): Promise<readonly LogEntry[]> {
    for (;;) {
      signal.throwIfAborted();
      const entries = this.#log.read(this.#through, limit);
      if (entries.length > 0) return entries;
      await rejectOnAbort(this.#log.appended.wait(), signal);
    }
  }
}
