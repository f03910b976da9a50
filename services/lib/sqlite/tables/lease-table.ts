/**
 * Leases in SQLite: one machine has one owner, yet after a crash a takeover is a takeover (ADR
 * 0003).
 */
import type { Database } from "bun:sqlite";
import { type Checkpoint, type Epoch, Fenced, type Lease } from "#lib/leases/leases";
import type { Shard } from "#lib/queue/unit";
import type { Incarnation } from "#lib/stream/journal";

interface LeaseRow {
  readonly epoch: Epoch;
  readonly owner: Incarnation | null;
  readonly checkpoint: string | null;
}

export class LeaseTable {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: Database) {
    this.#sql = prepare(database);
  }

  read(shard: Shard): Lease | undefined {
    const row = this.#sql.read.get(shard);
    if (row === null) return undefined;
    const { epoch, owner, checkpoint } = row;
    return {
      epoch,
      ...(owner === null ? {} : { owner }),
      ...(checkpoint === null ? {} : { checkpoint: readCheckpoint(checkpoint) }),
    };
  }

  claim(shard: Shard, me: Incarnation, read: Epoch | undefined): Epoch | undefined {
    const row = this.#sql.read.get(shard);
    if (row?.epoch !== read) return undefined;
    return this.#sql.claim.get(shard, me)?.epoch;
  }

  /** @throws {Fenced} */
  checkpoint(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): void {
    const { changes } = this.#sql.checkpoint.run(textOf(checkpoint), shard, epoch);
    if (changes === 0) throw fenced(shard);
  }

  /** @throws {Fenced} */
  release(shard: Shard, epoch: Epoch, checkpoint: Checkpoint): void {
    const { changes } = this.#sql.release.run(textOf(checkpoint), shard, epoch);
    if (changes === 0) throw fenced(shard);
  }
}

/** As JSON, and bytes in base64. */
function textOf({ limits, ...rest }: Checkpoint): string {
  if (limits === undefined) return JSON.stringify(rest);
  return JSON.stringify({ ...rest, limits: Buffer.from(limits).toString("base64") });
}

function readCheckpoint(text: string): Checkpoint {
  const { limits, ...rest } = JSON.parse(text);
  if (typeof limits !== "string") return rest;
  return { ...rest, limits: new Uint8Array(Buffer.from(limits, "base64")) };
}

function fenced(shard: Shard): Fenced {
  return new Fenced(`Cannot write the checkpoint of shard ${shard}: it has another epoch`);
}

function prepare(database: Database) {
  return {
    read: database.query<LeaseRow, [number]>(
      "SELECT epoch, owner, checkpoint FROM lease WHERE shard = ?",
    ),
    claim: database.query<{ epoch: Epoch }, [number, string]>(
      "INSERT INTO lease VALUES (?1, 1, ?2, NULL) ON CONFLICT (shard) " +
        "DO UPDATE SET epoch = epoch + 1, owner = ?2 RETURNING epoch",
    ),
    checkpoint: database.query<unknown, [string, number, number]>(
      "UPDATE lease SET checkpoint = ? WHERE shard = ? AND epoch = ?",
    ),
    release: database.query<unknown, [string, number, number]>(
      "UPDATE lease SET checkpoint = ?, owner = NULL WHERE shard = ? AND epoch = ?",
    ),
  };
}
