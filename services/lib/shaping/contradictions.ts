/** What must hold between files, and between entries that know of one another (ADR 0015 §6, §7). */
import { finding, type Group, groupOf } from "#lib/config/consistency";
import type { Finding } from "#lib/config/fault";
import { nearest } from "#lib/config/nearest";
import type { KeyPath, Places } from "#lib/config/place";
import { domainPattern } from "#lib/config/value";
import { kinds } from "./form.ts";
import { textsIn, type WrittenAt } from "./written.ts";

export interface ReadEntries {
  readonly name: string;
  readonly entries: readonly WrittenAt[];
  /** Named by rules on replies. */
  readonly ruleProviders: readonly { readonly value: string; readonly path: KeyPath }[];
  readonly places: Places;
}

interface EntryAt {
  readonly file: ReadEntries;
  readonly entry: WrittenAt;
}

export interface FileFinding {
  readonly file: ReadEntries;
  readonly finding: Finding;
}

/** `below`: earlier layers, which have no faults and may be contradicted. */
export function contradictions(
  files: readonly ReadEntries[],
  below: readonly ReadEntries[],
): readonly FileFinding[] {
  const at = files.flatMap((file) => file.entries.map((entry) => ({ file, entry })));
  const all = [...below, ...files].flatMap(({ entries }) => entries);
  const providers = all.flatMap((entry) => (isProvider(entry) ? [entry.name] : []));
  return [
    ...claimedTwice(at),
    ...files.flatMap((file) =>
      file.ruleProviders
        .filter(({ value }) => !providers.includes(value))
        .map(({ value, path }) => ({
          file,
          finding: { path, isKey: false, ...unknownProvider(value, providers) },
        })),
    ),
    ...at.flatMap(({ file, entry }) =>
      [
        ...matchFaults(entry, all),
        ...unknownProviders(entry, providers),
        ...partsOf(entry, all),
      ].map((each) => ({ file, finding: each })),
    ),
  ];
}

function isProvider({ section, within }: WrittenAt): boolean {
  return section === "providers" && within === undefined;
}

/** Two that have the same domain, or the same host or suffix, by the last word on each. */
function claimedTwice(at: readonly EntryAt[]): readonly FileFinding[] {
  const lists = new Map<string, Map<string, readonly Claim[]>>();
  for (const { file, entry } of at.filter(({ entry: { section, within } }) => {
    return section === "providers" && within === undefined;
  })) {
    const before = entry.entry.replace === true ? undefined : lists.get(entry.name);
    lists.set(entry.name, new Map([...(before ?? []), ...claimsIn(file, entry)]));
  }
  const claimed = new Map<string, Claim>();
  const findings: FileFinding[] = [];
  for (const claim of [...lists.values()].flatMap((of) => [...of.values()].flat())) {
    const before = claimed.get(claim.key);
    claimed.set(claim.key, claim);
    if (before === undefined || before.name === claim.name) continue;
    const message = `"${claim.value}" belongs to ${before.name} already`;
    const where = `${before.file.name}:${before.file.places.ofValue(before.path).line}`;
    findings.push({ file: claim.file, finding: finding(claim.path, message, `at ${where}`) });
  }
  return findings;
}

interface Claim {
  /** Differs by what is claimed, too. */
  readonly key: string;
  readonly value: string;
  readonly name: string;
  readonly file: ReadEntries;
  readonly path: KeyPath;
}

/** By the keys of `match`. */
function claimsIn(file: ReadEntries, { name, entry, path }: WrittenAt): Map<string, Claim[]> {
  const match = groupOf(entry.match);
  const claims = new Map<string, Claim[]>();
  for (const key of ["mx", "domains"]) {
    if (match[key] === undefined) continue;
    const list = textsIn(match[key], [...path, "match", key]).map(({ value, path: at }) => {
      const domain = key === "domains" ? domainPattern(value) : undefined;
      const same = domain?.ok ? domain.value : value.toLowerCase().replace(/^\*\./, ".");
      return { key: `${key} ${same}`, value: same, name, file, path: at };
    });
    claims.set(key, list);
  }
  return claims;
}

/** Nobody knows which destinations are its. */
function matchFaults(at: WrittenAt, all: readonly WrittenAt[]): readonly Finding[] {
  if (!isProvider(at)) return [];
  const same = all.filter((entry) => isProvider(entry) && entry.name === at.name);
  const last = same.findLastIndex(({ entry }) => entry.replace === true);
  const counting = same.slice(Math.max(0, last));
  if (counting.at(-1)?.entry !== at.entry) return [];
  if (counting.some((entry) => isMatching(groupOf(entry.entry.match)))) return [];
  const others = all.filter((entry) => isProvider(entry) && entry.name !== at.name);
  const likely = nearest(
    at.name,
    others.map(({ name }) => name),
  );
  const message = "is a provider without match";
  const hint =
    likely === undefined
      ? "which those are: match: { mx: [.example.net] } or { domains: [example.net] }"
      : `did you mean ${likely}?`;
  return [{ path: at.path, isKey: true, message, hint }];
}

function isMatching(match: Group): boolean {
  return [match.mx, match.domains].some((list) => textsIn(list, []).length > 0);
}

function unknownProviders(at: WrittenAt, known: readonly string[]): readonly Finding[] {
  const path = [...at.path, "only", "provider"];
  const named = textsIn(groupOf(at.entry.only).provider, path);
  const isWithin = at.section === "providers" && at.within !== undefined;
  return [
    ...(isWithin ? [{ value: at.name, path: at.path, isKey: true }] : []),
    ...named.map((each) => ({ ...each, isKey: false })),
  ]
    .filter(({ value }) => !known.includes(value))
    .map(({ value, ...where }) => ({ ...where, ...unknownProvider(value, known) }));
}

function unknownProvider(name: string, known: readonly string[]) {
  const likely = nearest(name, known);
  const hint = likely === undefined ? "providers says which there are" : `did you mean ${likely}?`;
  return { message: "is no provider that is known", hint };
}

/** One of `limits` that limits nothing, or nobody knows whom. */
function partsOf(at: WrittenAt, all: readonly WrittenAt[]): readonly Finding[] {
  if (at.section !== "limits") return [];
  const same = all.filter(({ section, name }) => section === "limits" && name === at.name);
  if (same.at(-1)?.entry !== at.entry) return [];
  const last = same.findLastIndex(({ entry }) => entry.replace === true);
  const has = (key: string) => same.slice(Math.max(0, last)).some(({ entry }) => key in entry);
  const missing = (key: string, hint: string) => finding([...at.path, key], "is missing", hint);
  return [
    ...(has("scope")
      ? []
      : [missing("scope", "what each has a count of its own, such as [tenant]")]),
    ...(kinds.some(has)
      ? []
      : [
          {
            path: at.path,
            isKey: true,
            message: "limits nothing",
            hint: "such as messages: 100/min",
          },
        ]),
  ];
}
