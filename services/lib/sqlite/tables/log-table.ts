/** The shards' logs in SQLite: what Intake and Stream stand on. Runs in the queue's thread. */
import type { Database } from "bun:sqlite";
import type { Clock } from "#lib/clock";
import type { QueueId, Shard, Uid } from "#lib/queue/unit";
import { IntakeFull } from "#lib/stream/intake";
import type { LogEntry } from "#lib/stream/stream";
import type { Room } from "./room.ts";

/** A message on its way to the thread: its units encoded, each with its shard. */
export interface StoredMessage {
  readonly id: QueueId;
  readonly isRepeatable: boolean;
  readonly units: readonly StoredUnitRecord[];
  readonly content: Uint8Array;
}

export interface StoredUnitRecord {
  readonly uid: Uid;
  readonly shard: Shard;
  readonly record: Uint8Array;
}

export interface LogRange {
  readonly shard: Shard;
  readonly after: number;
  readonly countMax: number;
  readonly bytesMax: number;
}

export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** The shard's last sequence, when nothing lies behind these entries. */
  readonly end: number | undefined;
}

/** A place in a log: shard and sequence. */
export type LogPlace = readonly [shard: Shard, sequence: number];

/** Sequences of one shard lie below this: 17 million million. */
const sequences = 2 ** 44;
/** Larger content stands apart, and the reader asks for it. */
const inlineBytesMax = 1024 * 1024;
/** What a unit takes beside its content, about. */
const unitBytes = 512;

interface LogRow {
  readonly key: number;
  readonly uid: Uid;
  readonly record: Uint8Array;
  readonly content: Uint8Array | null;
}

export class LogTable {
  readonly #room: Room;
  readonly #clock: Clock;
  readonly #ends = new Map<Shard, number>();
  /** Shards whose end is not written yet. */
  readonly #grown = new Set<Shard>();
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database, ports: { readonly room: Room; readonly clock: Clock }) {
    this.#room = ports.room;
    this.#clock = ports.clock;
    this.#sql = prepare(database);
    for (const { shard, sequence } of this.#sql.ends.all()) this.#ends.set(shard, sequence);
  }

  /**
   * The sequence of each unit, or nothing when the message is there already. @throws {IntakeFull}
   */
  accept(message: StoredMessage): readonly number[] {
    const { id, units, content } = message;
    if (!this.#room.has(content.length + units.length * unitBytes)) {
      throw new IntakeFull(`Cannot accept "${id}": the disk is full`);
    }
    if (message.isRepeatable && this.#isRepeated(id)) return [];
    const isApart = units.length > 1 || content.length > inlineBytesMax;
    if (isApart) this.#sql.putBody.run(id, units.length, content);
    return units.map((unit) => this.#append(unit, isApart ? null : content));
  }

  /** Entries behind `after`, at least one where there is one. */
  read({ shard, after, countMax, bytesMax }: LogRange): LogPage {
    const first = shard * sequences;
    const sizes = this.#sql.sizes.all(first + after, first + sequences, countMax);
    let bytes = 0;
    let count = 0;
    for (const row of sizes) {
      bytes += row.bytes;
      if (count > 0 && bytes > bytesMax) break;
      count += 1;
    }
    const last = sizes[count - 1]?.key;
    const rows = last === undefined ? [] : this.#sql.read.all(first + after, last);
    const isAll = count === sizes.length && sizes.length < countMax;
    return {
      entries: rows.map((row) => entryOf(row, first)),
      end: isAll ? this.end(shard) : undefined,
    };
  }

  end(shard: Shard): number {
    return this.#ends.get(shard) ?? 0;
  }

  content(id: QueueId): Uint8Array | undefined {
    const apart = this.#sql.body.get(id);
    return apart?.data ?? undefined;
  }

  /** Settled: these leave the log. Idempotent. */
  drop(places: readonly LogPlace[]): void {
    for (const [shard, sequence] of places) this.#sql.drop.run(shard * sequences + sequence);
  }

  purge(shard: Shard, floor: number): void {
    const first = shard * sequences;
    this.#sql.purge.run(first, first + floor);
  }

  /** Before each commit: the ends must not be behind their logs. */
  persistEnds(): void {
    for (const shard of this.#grown) this.#sql.putEnd.run(shard, this.end(shard));
    this.#grown.clear();
  }

  #append({ uid, shard, record }: StoredUnitRecord, content: Uint8Array | null): number {
    const sequence = this.end(shard) + 1;
    this.#ends.set(shard, sequence);
    this.#grown.add(shard);
    this.#sql.append.run(
      shard * sequences + sequence,
      uid,
      record,
      content === null ? 1 : 0,
      content,
    );
    return sequence;
  }

  #isRepeated(id: QueueId): boolean {
    return this.#sql.putRepeatable.run(id, this.#clock.now()).changes === 0;
  }
}

function entryOf({ key, uid, record, content }: LogRow, first: number): LogEntry {
  const entry = { sequence: key - first, uid, record };
  return content === null ? entry : { ...entry, content };
}

function prepare(database: Database) {
  return {
    ends: database.query<{ shard: Shard; sequence: number }, []>("SELECT * FROM log_end"),
    putEnd: database.query<unknown, [number, number]>(
      "INSERT INTO log_end VALUES (?1, ?2) ON CONFLICT (shard) DO UPDATE SET sequence = ?2",
    ),
    append: database.query<unknown, [number, string, Uint8Array, number, Uint8Array | null]>(
      "INSERT INTO log VALUES (?, ?, ?, ?, ?)",
    ),
    putBody: database.query<unknown, [string, number, Uint8Array]>(
      "INSERT INTO body VALUES (?, ?, ?)",
    ),
    body: database.query<{ data: Uint8Array }, [string]>("SELECT data FROM body WHERE id = ?"),
    putRepeatable: database.query<unknown, [string, number]>(
      "INSERT INTO repeatable VALUES (?, ?) ON CONFLICT DO NOTHING",
    ),
    // The lengths stand in a row's header: contents are not read for this.
    sizes: database.query<{ key: number; bytes: number }, [number, number, number]>(
      "SELECT key, length(record) + ifnull(length(content), 0) AS bytes FROM log " +
        "WHERE key > ? AND key < ? ORDER BY key LIMIT ?",
    ),
    read: database.query<LogRow, [number, number]>(
      "SELECT key, uid, record, content FROM log WHERE key > ? AND key <= ? ORDER BY key",
    ),
    drop: database.query<unknown, [number]>("DELETE FROM log WHERE key = ?"),
    purge: database.query<unknown, [number, number]>("DELETE FROM log WHERE key > ? AND key <= ?"),
  };
}
