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

/**
 * A log is not the one that was read and settled up to there: it was lost and made anew, or an older
 * state of it was restored. What comes to it has numbers of what is settled, so nobody may read or
 * purge it from there.
 */
export class LogWentBack extends Error {
  override readonly name = "LogWentBack";

  constructor({ shard, end, floor }: { shard: Shard; end: number; floor: number }) {
    super(
      `The log of shard ${shard} ends at ${end} and is not the one that was done with up to ${floor}: that was lost, or it was restored. To have it read from its beginning: godwit schema apply`,
    );
  }
}

/** Which log it is, where it can be replaced beside what the leases tell of it. */
export interface LogOrigin {
  /** Another one for a log that was made anew, or restored. */
  readonly id: string;
  /** The first sequence that it has, or will have. */
  readonly first: number;
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
  origin(shard: Shard): Promise<LogOrigin | undefined>;
  /** That it is the log whose origin was asked last, and reaches so far. @throws {LogWentBack} */
  confirm(shard: Shard, floor: number): Promise<void>;
  /** Drops every entry up to and including `floor`. Idempotent. @throws {LogWentBack} */
  purge(shard: Shard, floor: number): Promise<void>;
}
