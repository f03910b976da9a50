/** The embedded inhabitant of Intake and Stream. */
import { assert } from "#lib/assert";
import { shardOf } from "#lib/queue/shard";
import { type Message, type QueueId, type Shard, uidOf } from "#lib/queue/unit";
import { type Intake, IntakeFull, IntakeUnavailable } from "#lib/stream/intake";
import type { LogReader, Pulled, PullLimit, Stream } from "#lib/stream/stream";
import { rejectOnAbort } from "#lib/stream/waiters";
import { encodeUnit } from "#proto/unit";
import { QueueFailure, type QueueThread } from "./queue-thread.ts";
import { Tail } from "./tail.ts";

/** Accepted entries kept in memory for the readers, over all shards. */
const tailBytesMax = 64 * 1024 * 1024;
/** Ids of messages accepted last: the same id again is the same message. */
const recentMax = 4_096;

export class SqliteLog implements Intake, Stream {
  readonly #thread: QueueThread;
  readonly #shards: number;
  readonly #tails: readonly Tail[];
  readonly #recent = new Map<QueueId, Promise<void>>();
  /** Their ids as a ring: the next place holds the oldest. */
  readonly #order: QueueId[] = [];
  #next = 0;

  constructor(thread: QueueThread, shards: number) {
    this.#thread = thread;
    this.#shards = shards;
    this.#tails = Array.from({ length: shards }, () => new Tail(tailBytesMax / shards));
  }

  accept(message: Message): Promise<void> {
    const known = this.#recent.get(message.id);
    if (known !== undefined) return known;
    const accepting = this.#accept(message);
    this.#remember(message.id, accepting);
    return accepting;
  }

  open(shard: Shard, after: number): LogReader {
    return new SqliteReader({ thread: this.#thread, tail: this.#tail(shard), shard, after });
  }

  content(id: QueueId): Promise<Uint8Array | undefined> {
    return this.#thread.call("content", id);
  }

  contentForSure(id: QueueId): Promise<Uint8Array | undefined> {
    return this.content(id);
  }

  /** It has no age here, so it goes with its entry. */
  keepContent(): void {}

  /** The leases stand in the same file. */
  async origin(): Promise<undefined> {}

  async confirm(): Promise<void> {}

  end(shard: Shard): Promise<number> {
    return this.#thread.call("logEnd", shard);
  }

  purge(shard: Shard, floor: number): Promise<void> {
    return this.#thread.call("purge", shard, floor);
  }

  async #accept(message: Message): Promise<void> {
    assert(message.units.length > 0, "a message has at least one unit");
    const stored = storedMessage(message, this.#shards);
    let sequences: readonly number[];
    try {
      sequences = await this.#thread.call("accept", stored);
    } catch (error) {
      // It may come again under the same id, and must be looked at again.
      this.#recent.delete(message.id);
      throw refusal(message.id, error);
    }
    // In the order of the answers, which is that of the sequences. None: it is there already.
    for (const [i, sequence] of sequences.entries()) {
      const [row, unit] = [stored.units[i], message.units[i]];
      assert(row !== undefined && unit !== undefined, "each unit got one sequence");
      const { uid, shard, record } = row;
      this.#tail(shard).append({ sequence, uid, record, unit, content: message.content });
    }
  }

  #remember(id: QueueId, accepting: Promise<void>): void {
    const oldest = this.#order[this.#next];
    if (oldest !== undefined) this.#recent.delete(oldest);
    this.#order[this.#next] = id;
    this.#next = (this.#next + 1) % recentMax;
    this.#recent.set(id, accepting);
  }

  #tail(shard: Shard): Tail {
    const tail = this.#tails[shard];
    assert(tail !== undefined, "a shard's number is below the number of shards");
    return tail;
  }
}

function storedMessage({ id, isRepeatable, units, content }: Message, shards: number) {
  return {
    id,
    isRepeatable,
    units: units.map((unit, n) => {
      assert(unit.uid === uidOf(id, n), "a unit's uid is its message's id and its number");
      return { uid: unit.uid, shard: shardOf(unit.destination, shards), record: encodeUnit(unit) };
    }),
    content,
  };
}

function refusal(id: QueueId, error: unknown): Error {
  if (error instanceof QueueFailure && error.reason === "IntakeFull") {
    return new IntakeFull(error.message);
  }
  return new IntakeUnavailable(`Cannot accept "${id}"`, { cause: error });
}

interface ReaderOptions {
  readonly thread: QueueThread;
  readonly tail: Tail;
  readonly shard: Shard;
  readonly after: number;
}

/** `isFollowing`: what is not in it yet will be told by the tail. */
interface Read extends Pulled {
  readonly isFollowing: boolean;
}

class SqliteReader implements LogReader {
  readonly #options: ReaderOptions;
  #through: number;
  #isPulling = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#through = options.after;
  }

  async pull(limit: PullLimit, signal: AbortSignal): Promise<Pulled> {
    assert(!this.#isPulling, "a reader has one pull at a time");
    this.#isPulling = true;
    try {
      for (;;) {
        signal.throwIfAborted();
        // Asked for before we look, or what comes in between would wake nobody.
        const appended = this.#options.tail.appended.wait();
        const read = this.#kept(limit) ?? (await rejectOnAbort(this.#read(limit), signal));
        // Only now, since what was read for an aborted pull must be read again.
        this.#through = read.through;
        if (read.entries.length > 0) return read;
        if (read.isFollowing) await rejectOnAbort(appended, signal);
      }
    } finally {
      this.#isPulling = false;
    }
  }

  close(): void {
    // What nobody follows need not be kept; another reader starts from the disk.
    this.#options.tail.forget();
  }

  /** What the tail has; maybe nothing yet, but whatever comes is told by it. */
  #kept(limit: PullLimit): Read | undefined {
    const after = this.#through;
    const entries = this.#options.tail.take(after, limit);
    if (entries === undefined) return undefined;
    return { entries, through: entries.at(-1)?.sequence ?? after, isFollowing: true };
  }

  async #read(limit: PullLimit): Promise<Read> {
    const { thread, tail, shard } = this.#options;
    const after = this.#through;
    const { entries, end } = await thread.call("readLog", { shard, after, ...limit });
    // What is accepted from now on is told behind this answer: nothing falls between.
    if (end !== undefined) tail.follow(end);
    return { entries, through: end ?? entries.at(-1)?.sequence ?? after, isFollowing: false };
  }
}
