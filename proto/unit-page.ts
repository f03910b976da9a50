/** Pages of units by uid, from several shards or several workers, as one page. */
import type { Uid } from "#lib/queue/unit";

export interface UidPage<Item extends { readonly uid: Uid }> {
  readonly units: readonly Item[];
  /** All up to it were looked at, and more may lie behind it; absent: there are no more. */
  readonly next?: Uid | undefined;
}

/**
 * What lies behind where one of them ends comes with the next page: it may have some that belong
 * before it. A unit that two pages have is one.
 */
export function joinPages<Item extends { readonly uid: Uid }>(
  pages: readonly UidPage<Item>[],
  limit: number,
): { readonly units: readonly Item[]; readonly next?: Uid } {
  const byUid = new Map<Uid, Item>();
  let through: Uid | undefined;
  for (const { units, next } of pages) {
    for (const unit of units) byUid.set(unit.uid, unit);
    if (next !== undefined && (through === undefined || next < through)) through = next;
  }
  const all = [...byUid.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
  const end = through;
  const known = end === undefined ? all : all.filter(({ uid }) => uid <= end);
  const units = known.slice(0, limit);
  const last = units.at(-1);
  if (last !== undefined && known.length > units.length) return { units, next: last.uid };
  return through === undefined ? { units } : { units, next: through };
}
