/** Limits and settings of one way (ADR 0015 §4, §5): of all that the files say, what applies. */
import type { CapLimit, CountedLimit, Dimension } from "#lib/limits/limit";
import type { Rate } from "#lib/limits/rate";
import { patternsFor } from "./domain-names.ts";
import type { Entry, Located } from "./entry.ts";
import { dimensionOf, dimensions, type Kind, kinds, none, type OrNone, parts } from "./form.ts";
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

/** What an entry says about a kind. */
interface Claim {
  readonly name: string;
  readonly scope: readonly Dimension[];
  readonly said: Located<OrNone<number | Rate>>;
}

export function settingsOf(rules: Rules, way: Way): PathSettings {
  const claims = kinds.map((kind) => ({ kind, claims: applying(rules, way, kind) }));
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

/** Of each scope the most specific entry; and all with names of their own. */
function applying(rules: Rules, way: Way, kind: Kind): readonly Claim[] {
  const byScope = new Map<string, Claim>();
  for (const claim of claimsOf(rules, way, kind)) byScope.set(claim.scope.join(), claim);
  const claims = [...byScope.values(), ...ownLimits(rules, way, kind)];
  return claims.filter(({ said, scope }) => said.value !== none && scope.length > 0);
}

/** From the general to the specific. */
function* claimsOf(rules: Rules, way: Way, kind: Kind): Generator<Claim> {
  yield* atPlaces([[]], []);
  for (const part of parts) {
    const dimension = dimensionOf[part];
    const who = way[dimension];
    if (who === undefined) continue;
    const roots =
      who === other
        ? [[part, other]]
        : [
            [part, who],
            [part, other],
          ];
    yield* claim(roots, [dimension]);
    yield* atPlaces(roots, [dimension]);
  }

  /** Of the provider and of the domain; for the rest where neither says anything. */
  function* atPlaces(roots: readonly EntryPath[], scope: readonly Dimension[]): Generator<Claim> {
    const { provider, destination } = way;
    if (provider === undefined && destination === undefined) return;
    const providers = roots.map((root) => [...root, "providers", provider ?? other]);
    const domains = roots.flatMap((root) =>
      patternsOf(destination).map((pattern) => [...root, "domains", pattern]),
    );
    const claims = [
      ...(provider === undefined ? [] : claim(providers, [...scope, "provider"])),
      ...claim(domains, [...scope, "destination"]),
    ];
    yield* claims;
    if (claims.length > 0 || provider === undefined) return;
    yield* claim(
      roots.map((root) => [...root, "default"]),
      [...scope, "provider"],
    );
  }

  /** Of the first entry that says something. */
  function claim(paths: readonly EntryPath[], scope: readonly Dimension[]): readonly Claim[] {
    for (const path of paths) {
      const entry = rules.at(path);
      const said = entry?.[kind];
      if (entry === undefined || said === undefined) continue;
      // Mail that has no tenant is one more among those that are counted each by itself.
      const per = (entry.per?.value ?? []).filter((dimension) => way[dimension] !== undefined);
      return [{ name: path.join("."), scope: ordered([...scope, ...per]), said }];
    }
    return [];
  }
}

function* ownLimits(rules: Rules, way: Way, kind: Kind): Generator<Claim> {
  for (const { name, entry } of rules.section("limits")) {
    const said = entry[kind];
    if (said === undefined || !isMeant(entry, way)) continue;
    const scope = (entry.scope?.value ?? []).filter(
      // Who names no sources has one.
      (dimension) => dimension !== "source" || way.source !== undefined,
    );
    const isKnown = (dimension: Dimension) => dimension === "destination" || way[dimension];
    if (!scope.every(isKnown)) continue;
    yield { name: `limits.${name}`, scope: ordered(scope), said };
  }
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
