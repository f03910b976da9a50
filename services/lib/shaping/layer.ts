/** One shaping file as a list of entries, each with the keys that lead to it. */
import type { Places } from "#lib/config/place";
import { domainPattern } from "#lib/config/value";
import { type Entry, entryOf } from "./entry.ts";
import { parts, type WrittenEntry, type WrittenFile } from "./form.ts";

/** `["tenants", "acme", "providers", "google"]`. */
export type EntryPath = readonly string[];

export interface WrittenLimits {
  readonly path: EntryPath;
  readonly entry: Entry;
  /** What earlier layers say of it, and of what is within, is forgotten. */
  readonly isReplacing: boolean;
}

/** In the order of the sections. */
export type Layer = readonly WrittenLimits[];

/** Entries that may stand at the top, or within one of a source, tenant or campaign. */
type Ways = Pick<WrittenFile, "default" | "domains"> & {
  readonly providers?: Readonly<Record<string, WrittenEntry>>;
};

/** `name` as the operator will read it. */
export function layerOf(written: WrittenFile, name: string, places: Places): Layer {
  const add = (path: EntryPath, value: WrittenEntry): WrittenLimits => {
    const provenanceOf = (...keys: readonly string[]) =>
      `${name}:${places.ofKey([...path, ...keys]).line}`;
    const entry = entryOf(value, provenanceOf);
    return { path: normal(path), entry, isReplacing: value.replace === true };
  };
  const ways = (within: EntryPath, { default: rest, providers, domains }: Ways): Layer => [
    ...(rest === undefined ? [] : [add([...within, "default"], rest)]),
    ...named(providers).map(([of, value]) => add([...within, "providers", of], value)),
    ...named(domains).map(([of, value]) => add([...within, "domains", of], value)),
  ];
  return [
    ...ways([], written),
    ...parts.flatMap((part) =>
      named(written[part]).flatMap(([of, value]) => [
        add([part, of], value),
        ...ways([part, of], value),
      ]),
    ),
    ...named(written.limits).map(([of, value]) => add(["limits", of], value)),
  ];
}

function named<T>(entries: Readonly<Record<string, T>> | undefined): readonly [string, T][] {
  return Object.entries(entries ?? {});
}

/** Domains in the one form that they are compared by. */
function normal(path: EntryPath): EntryPath {
  const name = path.at(-1) ?? "";
  const domain = path.at(-2) === "domains" ? domainPattern(name) : undefined;
  return domain?.ok ? [...path.slice(0, -1), domain.value] : path;
}
