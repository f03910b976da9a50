/** Idempotency keys in SQLite (ADR 0025). Runs in the queue's thread. */
import type { Database } from "bun:sqlite";
import { type Claim, type Claimant, judge, keyKeptMs } from "#lib/idempotency/claim";
import { type Beginning, IdempotencyUnavailable } from "#lib/idempotency/idempotency";
import type { Time } from "#lib/queue/unit";
import { decodeClaim, encodeClaim } from "#proto/idempotency/claim";
import { keptMs } from "./retention.ts";
import type { Room } from "./room.ts";

/** A key, by the hash of its names, and the present. */
export interface KeyPlace {
  readonly name: Uint8Array;
  readonly now: Time;
}

export interface KeyContent extends KeyPlace {
  /** An answer, or a part of one. */
  readonly content: Uint8Array;
}

interface KeyRow {
  readonly written_at: number;
  readonly is_running: number;
  readonly record: Uint8Array;
}

/** A claim with its index, about. */
const claimBytes = 512;
/** Beyond it new keys are refused: the disk is the mail's. */
const defaultBytesMax = 1024 * 1024 * 1024;
/** Rows removed in one call. */
const rowsMax = 2_000;

export interface KeyTablePorts {
  readonly room: Room;
  readonly bytesMax?: number;
}

export class KeyTable {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #room: Room;
  readonly #bytesMax: number;

  constructor(database: Database, { room, bytesMax = defaultBytesMax }: KeyTablePorts) {
    this.#sql = prepare(database);
    this.#room = room;
    this.#bytesMax = bytesMax;
    // Whoever ran them is dead: one process at a time has the queue.
    this.#sql.release.run();
  }

  /** @throws {IdempotencyUnavailable} there is no room for another key. */
  begin({ name, now, claimant }: KeyPlace & { readonly claimant: Claimant }): Beginning {
    // A message's id is kept for as long, from later on.
    const at = { now, knownMs: keptMs.repeatable };
    const { beginning, next } = judge(this.#read(name), claimant, at);
    if (beginning.kind === "new") this.#mustHaveRoom();
    if (next !== undefined) this.#put(name, next);
    return beginning;
  }

  finish({ name, now: writtenAt, content: answer }: KeyContent): void {
    const standing = this.#read(name);
    if (standing?.kind !== "begun") return;
    const { fingerprint } = standing;
    this.#put(name, { kind: "finished", fingerprint, answer, writtenAt });
  }

  release({ name, now: writtenAt, content: partial }: KeyContent): void {
    const standing = this.#read(name);
    if (standing?.kind !== "begun") return;
    this.#put(name, { ...standing, partial, writtenAt, isReleased: true });
  }

  /** Those that have had their day. True when there are more. */
  sweep(now: Time): boolean {
    return this.#sql.sweep.run(now - keyKeptMs, rowsMax).changes >= rowsMax;
  }

  #read(name: Uint8Array): Claim | undefined {
    const row = this.#sql.read.get(name);
    if (row === null) return undefined;
    const claim = decodeClaim(row.record, row.written_at);
    return claim.kind === "begun" ? { ...claim, isReleased: row.is_running === 0 } : claim;
  }

  #put(name: Uint8Array, claim: Claim): void {
    const isRunning = claim.kind === "begun" && !claim.isReleased;
    this.#sql.put.run(name, claim.writtenAt, isRunning ? 1 : 0, encodeClaim(claim));
  }

  /** @throws {IdempotencyUnavailable} */
  #mustHaveRoom(): void {
    if (!this.#room.has(claimBytes)) throw full("the disk is full");
    const bytes = this.#sql.bytes.get()?.bytes ?? 0;
    if (bytes + claimBytes > this.#bytesMax) throw full(`they have ${bytes} bytes`);
  }
}

function full(why: string): IdempotencyUnavailable {
  return new IdempotencyUnavailable(`there is no room for another: ${why}`);
}

function prepare(database: Database) {
  return {
    read: database.query<KeyRow, [Uint8Array]>(
      "SELECT written_at, is_running, record FROM idempotency_key WHERE name = ?",
    ),
    put: database.query<unknown, [Uint8Array, number, number, Uint8Array]>(
      "INSERT INTO idempotency_key VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) " +
        "DO UPDATE SET written_at = ?2, is_running = ?3, record = ?4",
    ),
    release: database.query<unknown, []>(
      "UPDATE idempotency_key SET is_running = 0 WHERE is_running",
    ),
    bytes: database.query<{ bytes: number }, []>("SELECT bytes FROM idempotency_sum"),
    sweep: database.query<unknown, [number, number]>(
      "DELETE FROM idempotency_key WHERE name IN " +
        "(SELECT name FROM idempotency_key WHERE written_at <= ? ORDER BY written_at LIMIT ?)",
    ),
  };
}
