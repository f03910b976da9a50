/** The tables of bounces that have a partition for each day and slot, of all or of one owner. */
import type { Bounce } from "#lib/bounces/bounce";
import { fnv1a32 } from "#lib/queue/shard";
import type { Uid } from "#lib/queue/unit";

/** The one partition of a table that has few rows. */
export const everywhere = 0;
/** A large provider, or tenant, may have a million in a day. */
export const slots = 4;

export interface DayTable {
  readonly name: string;
  /** First of its key: the field of a bounce that it is found by. Absent: by time alone. */
  readonly owner?: "destination" | "tenant" | "campaign";
}

export const dayTables: readonly DayTable[] = [
  { name: "bounce" },
  { name: "bounce_by_destination", owner: "destination" },
  { name: "bounce_by_tenant", owner: "tenant" },
  { name: "bounce_by_campaign", owner: "campaign" },
];

export function slotOf(uid: Uid): number {
  return fnv1a32(uid) % slots;
}

/** First part of the key of its rows; undefined when it has none there. */
export function ownerOf({ owner }: DayTable, bounce: Bounce): readonly string[] | undefined {
  if (owner === undefined) return [];
  const name = bounce[owner];
  return name === undefined ? undefined : [name];
}

/** Parameters: the owner, day, slot, at, uid, path, record, lifetime. */
export function insertCql({ name, owner }: DayTable): string {
  const [column, mark] = owner === undefined ? ["", ""] : [`${owner}, `, "?, "];
  return (
    `INSERT INTO ${name} (${column}day, slot, at, uid, path, record) ` +
    `VALUES (${mark}?, ?, ?, ?, ?, ?) USING TTL ?`
  );
}

/** Parameters: the owner, day, slot, at, uid, path, limit. */
export function selectCql({ name, owner }: DayTable): string {
  const own = owner === undefined ? "" : `${owner} = ? AND `;
  return (
    `SELECT record FROM ${name} WHERE ${own}day = ? AND slot = ? ` +
    "AND (at, uid, path) > (?, ?, ?) LIMIT ?"
  );
}
