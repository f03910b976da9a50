/**
 * What must hold between several values. Looked at in what was written, not in what was understood,
 * so that a fault elsewhere in the file hides none of these.
 */
import type { Finding } from "./fault.ts";
import type { KeyPath } from "./place.ts";
import { duration } from "./value.ts";

/** What may be a group of keys. */
export type Group = Readonly<Record<string, unknown>>;

export function inconsistencies(written: unknown): Finding[] {
  const file = groupOf(written);
  return [
    ...repeatedNames(file, "listeners"),
    ...repeatedNames(file, "users"),
    ...repeatedNames(file, "tokens"),
    ...repeatedDomains(file),
    ...takenPlaces(file),
    ...listsOf(file, "listeners").flatMap(([listener, path]) => kindFaults(listener, path)),
    ...scheduleFaults(file),
    ...poolFaults(groupOf(file.delivery)),
  ];
}

function repeatedNames(file: Group, list: string): Finding[] {
  return repeated(
    listsOf(file, list).map(([item, path]) => ({ value: item.name, path: [...path, "name"] })),
  );
}

function repeatedDomains(file: Group): Finding[] {
  return repeated(
    listsOf(file, "routes").map(([item, path]) => ({
      value: typeof item.domain === "string" ? item.domain.toLowerCase() : undefined,
      path: [...path, "domain"],
    })),
  );
}

/** Those that stand there already. */
export function repeated(items: readonly { value: unknown; path: KeyPath }[]): Finding[] {
  const seen = new Set<unknown>();
  const findings: Finding[] = [];
  for (const { value, path } of items) {
    if (typeof value !== "string") continue;
    if (seen.has(value)) {
      findings.push(finding(path, `"${value}" is there already`, "each may stand here once"));
    }
    seen.add(value);
  }
  return findings;
}

const wildcards = ["0.0.0.0", "::"];

/** Two that listen at one place; an address for all takes the port of every other. */
function takenPlaces(file: Group): Finding[] {
  const control = groupOf(file.control);
  const places = listsOf(file, "listeners").map(([{ address, port }, path]) => ({
    address,
    port,
    path,
  }));
  const operators = {
    address: control.address ?? "127.0.0.1",
    port: control.port ?? 8025,
    path: ["control"],
  };
  return [...places, operators].flatMap(({ address, port, path }, i) => {
    const other = places
      .slice(0, i)
      .find((place) => place.port === port && overlap(place.address, address));
    if (other === undefined || typeof port !== "number" || port === 0) return [];
    return [finding([...path, "port"], `${port} is taken by another listener`, "another port")];
  });
}

function overlap(a: unknown, b: unknown): boolean {
  return a === b || wildcards.includes(String(a)) || wildcards.includes(String(b));
}

/** What only SMTP knows; HTTP goes by tokens alone. */
const smtpKeys = [
  "trustedNetworks",
  "localDomains",
  "proxyProtocol",
  "auth",
  "requireTls",
  "mayActAs",
] as const;

function kindFaults(listener: Group, path: KeyPath): Finding[] {
  const { kind, localDomains, trustedNetworks, mayActAs } = listener;
  if (kind === "http") {
    const hint = "who submits by HTTP shows one of tokens";
    return smtpKeys
      .filter((key) => listener[key] !== undefined)
      .map((key) => finding([...path, key], "is not for http", hint));
  }
  if (kind === "inbound" && mayActAs !== undefined) {
    const hint = "what an inbound listener takes has no tenant";
    return [finding([...path, "mayActAs"], "is only for submission", hint)];
  }
  if (kind === "inbound" && trustedNetworks !== undefined) {
    const hint = "an inbound listener takes mail from everybody, for localDomains";
    return [finding([...path, "trustedNetworks"], "is only for submission", hint)];
  }
  if (kind === "submission" && localDomains !== undefined) {
    const hint = "a submission listener takes mail for everybody, from users and trustedNetworks";
    return [finding([...path, "localDomains"], "is only for inbound", hint)];
  }
  const isEmpty = !Array.isArray(localDomains) || localDomains.length === 0;
  if (kind === "inbound" && isEmpty) {
    const hint = "such as [example.net]; an inbound listener takes mail for nothing else";
    return [finding([...path, "localDomains"], "needs at least one domain", hint)];
  }
  return [];
}

function scheduleFaults(file: Group): Finding[] {
  const { first, cap, lifetime } = groupOf(groupOf(file.delivery).retry);
  const spans = { first: spanOf(first), cap: spanOf(cap), lifetime: spanOf(lifetime) };
  const at = (key: string): KeyPath => ["delivery", "retry", key];
  const findings: Finding[] = [];
  if (spans.cap !== undefined && spans.cap < (spans.first ?? 0)) {
    findings.push(finding(at("cap"), "is less than first", "the longest pause between attempts"));
  }
  if (spans.lifetime !== undefined && spans.lifetime < (spans.first ?? 0)) {
    findings.push(finding(at("lifetime"), "is less than first", "several days"));
  }
  return findings;
}

/** Their names, and that each pool has sources that are there. */
function poolFaults(delivery: Group): Finding[] {
  const inDelivery = ([item, path]: readonly [Group, KeyPath]) =>
    [item, ["delivery", ...path]] as const;
  const sources = listsOf(delivery, "sources").map(inDelivery);
  const pools = listsOf(delivery, "pools").map(inDelivery);
  const named = ([item, path]: readonly [Group, KeyPath]) => {
    return { value: item.name, path: [...path, "name"] };
  };
  const known = sources.map(([{ name }]) => name);
  return [
    ...repeated(sources.map(named)),
    ...repeated(pools.map(named)),
    ...pools.flatMap(([pool, path]) => {
      const at = [...path, "sources"];
      const names = Object.keys(groupOf(pool.sources));
      if (names.length === 0) return [finding(at, "needs at least one source", "name: weight")];
      return names.flatMap((name) =>
        known.includes(name)
          ? []
          : [finding([...at, name], "is no source", `one of ${known.join(", ")}`)],
      );
    }),
  ];
}

function spanOf(value: unknown): number | undefined {
  const parsed = typeof value === "string" ? duration(value) : undefined;
  return parsed?.ok ? parsed.value : undefined;
}

export function finding(path: KeyPath, message: string, hint: string): Finding {
  return { path, isKey: false, message, hint };
}

/** Without keys when it is none. */
export function groupOf(value: unknown): Group {
  const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
  return isGroup ? { ...value } : {};
}

function listsOf(file: Group, key: string): [Group, KeyPath][] {
  const list: unknown = file[key];
  return Array.isArray(list) ? list.map((item, i) => [groupOf(item), [key, i]]) : [];
}
