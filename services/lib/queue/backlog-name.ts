/**
 * The backlogs of a destination: one for each tenant and priority, so that ten messages of one do not
 * stand behind a million of another.
 */
import type { Destination, Lane, Unit } from "./unit.ts";

/** The destination itself for bulk mail of nobody in particular, else with whose it is. */
export type BacklogName = Destination | (string & { readonly __brand: "BacklogName" });

export function backlogOf({ destination, tenant = "", lane }: BacklogKey): BacklogName {
  if (lane === "n" && tenant === "") return destination;
  // No destination has a space in it.
  return `${destination} ${lane}${tenant}` as BacklogName;
}

export type BacklogKey = Pick<Unit, "destination" | "tenant" | "lane">;

export function backlogKey(name: BacklogName): BacklogKey {
  const space = name.indexOf(" ");
  if (space === -1) return { destination: name as Destination, lane: "n" };
  const destination = name.slice(0, space) as Destination;
  const lane: Lane = name[space + 1] === "h" ? "h" : "n";
  const tenant = name.slice(space + 2);
  return tenant === "" ? { destination, lane } : { destination, lane, tenant };
}
