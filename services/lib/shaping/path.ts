/** Limits and settings of one way (ADR 0015 §4, §5): of all that the files say, what applies. */
import { type CapLimit, type CountedLimit, type Dimension, dimensions } from "#lib/limits/limit";
import type { Rate } from "#lib/limits/rate";
import { patternsFor } from "./domain-names.ts";
import type { Entry, Located } from "./entry.ts";
import { dimensionOf, type Kind, kinds, none, type OrNone, parts } from "./form.ts";
import type { EntryPath } from "./layer.ts";
import type { Rules } from "./rules.ts";
import type { PathSettings } from "./shaping.ts";

/** A subject as far as the files can tell it from others: nothing else decides what applies. */
export interface Way {
  /** The nearest that the files name, perhaps a pattern; undefined: none. */
  readonly destination: string | undefined;
  /** A name; `other`: one that the files do not name; undefined: it has none. */
  readonly provider: string | undefined;
  readonly source: string | undefined;
  readonly tenant: string | undefined;
  readonly campaign: string | undefined;
}

/** No name has this form. */
export const other = "*";

/** Where neither file nor shipped file has a word. */
const builtIn = { "concurrency.first": 5, "concurrency.max": 20, idle: 5_000 } as const;

interface NamedEntry {
  readonly name: string;
  readonly entry: Entry;
}

/** Entries for one thing: for each kind the first that says something counts. */
interface Voices {
  readonly entries: readonly NamedEntry[];
  readonly scope: readonly Dimension[];
}

/** Those at the top, or within a source, a tenant or a campaign. */
interface Group {
  readonly own: Voices;
  readonly provider: Voices;
  readonly destination: Voices;
  /** Heard where neither provider nor destination says anything. */
  readonly rest: Voices;
}

/** What an entry says about a kind. */
interface Claim {
  readonly name: string;
  readonly scope: readonly Dimension[];
  readonly said: Located<OrNone<number | Rate>>;
}

export function settingsOf(rules: Rules, way: Way): PathSettings {
  const groups = groupsOf(rules, way);
  const own = ownLimits(rules, way);
  const claims = kinds.map((kind) => ({ kind, claims: applying(groups, own, { way, kind }) }));
  const first = setting(rules, way, "concurrency.first");
  const max = setting(rules, way, "concurrency.max");
  const idle = setting(rules, way, "idle");
  const begun = first.value > max.value ? max : first;
  return {
    limits: claims.flatMap((of) => of.claims.flatMap((claim) => countedOf(of.kind, claim))),
    caps: claims.flatMap((of) => of.claims.flatMap((claim) => capOf(of.kind, claim))),
    concurrencyFirst: begun.value,
    concurrencyMax: max.value,
    idleMs: idle.value,
    provenance: {
      concurrencyFirst: begun.provenance,
      concurrencyMax: max.provenance,
      idleMs: idle.provenance,
    },
  };
}

interface About {
  readonly way: Way;
  readonly kind: Kind;
}

/** Of each scope the most specific entry; and all with names of their own. */
function applying(
  groups: readonly Group[],
  own: readonly Voices[],
  about: About,
): readonly Claim[] {
  const byScope = new Map<string, Claim>();
  for (const group of groups) {
    for (const claim of claimsOf(group, about)) byScope.set(claim.scope.join(), claim);
  }
  const claims = [...byScope.values(), ...own.flatMap((voices) => claimOf(voices, about))];
  return claims.filter(({ said, scope }) => said.value !== none && scope.length > 0);
}

function claimsOf(group: Group, about: About): readonly Claim[] {
  const own = claimOf(group.own, about);
  const places = [...claimOf(group.provider, about), ...claimOf(group.destination, about)];
  return [...own, ...(places.length > 0 ? places : claimOf(group.rest, about))];
}

function claimOf({ entries, scope }: Voices, { way, kind }: About): readonly Claim[] {
  for (const { name, entry } of entries) {
    const said = entry[kind];
    if (said === undefined) continue;
    // Mail that has no tenant is one more among those that are counted each by itself.
    const per = (entry.per?.value ?? []).filter((dimension) => way[dimension] !== undefined);
    return [{ name, scope: ordered([...scope, ...per]), said }];
  }
  return [];
}

/** From the general to the specific. */
function groupsOf(rules: Rules, way: Way): readonly Group[] {
  const voices = (paths: readonly EntryPath[], scope: readonly Dimension[]): Voices => ({
    scope,
    entries: paths.flatMap((path) => {
      const entry = rules.at(path);
      return entry === undefined ? [] : [{ name: path.join("."), entry }];
    }),
  });
  const domains = patternsOf(way.destination);
  const places = (roots: readonly EntryPath[], scope: readonly Dimension[]) => {
    const { provider } = way;
    const withProvider = provider === undefined ? [] : roots;
    return {
      provider: voices(
        withProvider.map((root) => [...root, "providers", provider ?? other]),
        [...scope, "provider"],
      ),
      destination: voices(
        roots.flatMap((root) => domains.map((pattern) => [...root, "domains", pattern])),
        [...scope, "destination"],
      ),
      rest: voices(
        withProvider.map((root) => [...root, "default"]),
        [...scope, "provider"],
      ),
    };
  };
  const senders = parts.flatMap((part): readonly Group[] => {
    const dimension = dimensionOf[part];
    const who = way[dimension];
    if (who === undefined) return [];
    const roots =
      who === other
        ? [[part, other]]
        : [
            [part, who],
            [part, other],
          ];
    return [{ own: voices(roots, [dimension]), ...places(roots, [dimension]) }];
  });
  return [{ own: voices([], []), ...places([[]], []) }, ...senders];
}

/** Those of `limits` that are meant, each by itself. */
function ownLimits(rules: Rules, way: Way): readonly Voices[] {
  return rules.section("limits").flatMap(({ name, entry }) => {
    const scope = (entry.scope?.value ?? []).filter(
      // Who names no sources has one.
      (dimension) => dimension !== "source" || way.source !== undefined,
    );
    const isKnown = (dimension: Dimension) => dimension === "destination" || way[dimension];
    if (!isMeant(entry, way) || !scope.every(isKnown)) return [];
    return [{ scope, entries: [{ name: `limits.${name}`, entry }] }];
  });
}

function isMeant(entry: Entry, way: Way): boolean {
  return dimensions.every((dimension) => {
    const only = entry[`only.${dimension}`]?.value;
    if (only === undefined) return true;
    if (dimension !== "destination") return only.includes(way[dimension] ?? "");
    return patternsOf(way.destination).some((pattern) => only.includes(pattern));
  });
}

/** Of the domain, then the provider, then the rest. */
function setting(rules: Rules, way: Way, key: keyof typeof builtIn): Located<number> {
  const paths = [
    ...patternsOf(way.destination).map((pattern) => ["domains", pattern]),
    ["providers", way.provider ?? other],
    ["default"],
  ];
  for (const path of paths) {
    const said = rules.at(path)?.[key];
    if (said !== undefined) return said;
  }
  return { value: builtIn[key], provenance: "built in" };
}

/** Under what a domain may stand in a file, the nearest first. */
function patternsOf(destination: string | undefined): readonly string[] {
  return destination === undefined ? [] : [destination, ...patternsFor(destination)];
}

function ordered(scope: readonly Dimension[]): readonly Dimension[] {
  return dimensions.filter((dimension) => scope.includes(dimension));
}

function countedOf(kind: Kind, { name, scope, said }: Claim): readonly CountedLimit[] {
  const { value, provenance } = said;
  const named = { name, scope, provenance };
  switch (kind) {
    case "messagesPerConnection":
    case "recipientsPerTransaction":
      return [];
    case "connections":
      return typeof value === "number" ? [{ ...named, kind, max: value }] : [];
    default:
      return typeof value === "object" ? [{ ...named, kind, rate: value }] : [];
  }
}

function capOf(kind: Kind, { name, scope, said }: Claim): readonly CapLimit[] {
  if (kind !== "messagesPerConnection" && kind !== "recipientsPerTransaction") return [];
  const { value, provenance } = said;
  return typeof value === "number" ? [{ kind, name, scope, provenance, max: value }] : [];
}
