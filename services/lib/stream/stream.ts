/** Seam: the units of a shard in order, from a floor. */
import type { QueueId, Shard, Uid, Unit } from "#lib/queue/unit";

export interface LogEntry {
  /** Rises within the shard, not necessarily by one. */
  readonly sequence: number;
  readonly uid: Uid;
  /** The unit as `proto/unit` encoded it. Undecoded, so that poison can be parked. */
  readonly record: Uint8Array;
  /** What the record says, when the reader knows it already. */
  readonly unit?: Unit;
  /** The content, when it travelled with the unit; else ask `Stream.content`. */
  readonly content?: Uint8Array;
}

export interface Pulled {
  readonly entries: readonly LogEntry[];
  /** Everything up to here has been handed out by this reader: the floor may rise to it. */
  readonly through: number;
}

export interface PullLimit {
  readonly countMax: number;
  readonly bytesMax: number;
}

/** Reads one shard's log from a place onwards, each entry once. One pull at a time. */
export interface LogReader {
  /**
   * Waits for at least one entry, then returns what is there within `limit` (always at least one).
   * Rejects with the signal's reason when it aborts.
   */
  pull(limit: PullLimit, signal: AbortSignal): Promise<Pulled>;
  close(): void;
}

export interface Stream {
  /**
   * A reader of what lies behind `after` (0: from the beginning). Entries already settled may be
   * left out.
   */
  open(shard: Shard, after: number): LogReader;
  /** Content of a message that is still in a log. Undefined when it is not found now. */
  content(id: QueueId): Promise<Uint8Array | undefined>;
  /**
   * Undefined only when it is gone. To find that out takes its time; rejects when it cannot be.
   */
  contentForSure(id: QueueId): Promise<Uint8Array | undefined>;
  /** A parked entry's content, where it stands apart and goes by age, stays behind the floor. */
  keepContent(shard: Shard, sequence: number): void;
  /** The last sequence of the shard's log now; 0 when it never had one. */
  end(shard: Shard): Promise<number>;
  /** Drops every entry up to and including `floor`. Idempotent. */
  purge(shard: Shard, floor: number): Promise<void>;
}
