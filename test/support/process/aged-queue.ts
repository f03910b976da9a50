/**
 * Changes the queue of a process that is gone: what is in it grows old, or cannot be read any more.
 */
import { Database } from "bun:sqlite";
import type { Unit } from "#lib/queue/unit";
import { decodeDeferred, encodeDeferred } from "#proto/deferred";
import { decodeUnit, encodeUnit } from "#proto/unit";

interface Row {
  readonly uid: string;
  readonly record: Uint8Array;
}

type Table = "log" | "unit";

/** As if the machine had been off for so long. */
export function ageQueue(path: string, byMs: number): void {
  using database = new Database(path);
  const aged = (unit: Unit): Unit => ({
    ...unit,
    acceptedAt: unit.acceptedAt - byMs,
    expiresAt: unit.expiresAt - byMs,
  });
  for (const { uid, record } of rowsOf(database, "log")) {
    write(database, "log", { uid, record: encodeUnit(aged(decodeUnit(record))) });
  }
  for (const { uid, record } of rowsOf(database, "unit")) {
    const { unit, place, ...rest } = decodeDeferred(record);
    // As its row in the wheel: one of another time counts as outdated.
    const agedPlace = place.kind === "wheel" ? { ...place, dueAt: place.dueAt - byMs } : place;
    const older = encodeDeferred({ ...rest, unit: aged(unit), place: agedPlace });
    write(database, "unit", { uid, record: older });
  }
  database.run("UPDATE wheel SET due_at = due_at - ?", [byMs]);
}

/** Makes the first so many records of a table unreadable. Returns their uids. */
export function poisonQueue(path: string, table: Table, count: number): readonly string[] {
  using database = new Database(path);
  const poisoned = rowsOf(database, table).slice(0, count);
  for (const [i, { uid }] of poisoned.entries()) {
    // Nothing at all, and something that is no record.
    const record = new Uint8Array(i % 2 === 0 ? 0 : 40).fill(0xc1);
    write(database, table, { uid, record });
  }
  return poisoned.map(({ uid }) => uid);
}

function rowsOf(database: Database, table: Table): Row[] {
  return database.query<Row, []>(`SELECT uid, record FROM ${table} ORDER BY uid`).all();
}

function write(database: Database, table: Table, { uid, record }: Row): void {
  database.run(`UPDATE ${table} SET record = ? WHERE uid = ?`, [record, uid]);
}
