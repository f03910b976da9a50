/** Which provider a destination belongs to (ADR 0015): one that has a name, or a set of exchangers. */
import { fnv1a32 } from "#lib/queue/shard";
import { DomainNames } from "./domain-names.ts";
import type { Layer } from "./layer.ts";
import { Rules } from "./rules.ts";

/** A name longer than this is shortened: it stands in keys, logs and metrics. */
const rolledUpLengthMax = 200;

export class Providers {
  readonly #domains = new DomainNames<string>();
  /** Host names, and suffixes that begin with a dot. */
  readonly #hosts: ReadonlyMap<string, string>;
  readonly #each = new Set<string>();

  constructor(layers: readonly Layer[]) {
    this.#hosts = claims(layers, "match.mx");
    for (const [domain, name] of claims(layers, "match.domains")) this.#domains.set(domain, name);
    for (const { name, entry } of new Rules(layers).section("providers")) {
      if (entry["match.each"]?.value === true) this.#each.add(name);
    }
  }

  of(domain: string, mxHosts: readonly string[]): string {
    const hosts = [...new Set(mxHosts.map(normal))].sort();
    const name = this.#domains.nearest(domain)[0] ?? this.#ofAll(hosts);
    const set = setName(hosts) ?? domain;
    if (name === undefined) return hosts.length === 0 ? domain : `mx:${set}`;
    return this.#each.has(name) ? `${name}:${set}` : name;
  }

  /** The one that this host belongs to, by its own name or the longest suffix. */
  ofHost(host: string): string | undefined {
    const name = normal(host);
    const exact = this.#hosts.get(name);
    if (exact !== undefined) return exact;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const found = this.#hosts.get(name.slice(dot));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** One foreign host among them, and they are not its. */
  #ofAll(hosts: readonly string[]): string | undefined {
    const [first, ...others] = hosts;
    if (first === undefined) return undefined;
    const name = this.ofHost(first);
    return others.every((host) => this.ofHost(host) === name) ? name : undefined;
  }
}

/** Who has what; a later layer takes it from an earlier one. */
function claims(
  layers: readonly Layer[],
  key: "match.mx" | "match.domains",
): ReadonlyMap<string, string> {
  const claimed = new Map<string, string>();
  for (const { path, entry, isReplacing } of layers.flat()) {
    const [section, name = "", ...within] = path;
    if (section !== "providers" || within.length > 0) continue;
    const list = entry[key]?.value;
    if (isReplacing || list !== undefined) {
      for (const [what, who] of claimed) if (who === name) claimed.delete(what);
    }
    for (const what of list ?? []) claimed.set(what, name);
  }
  return claimed;
}

function normal(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function setName(hosts: readonly string[]): string | undefined {
  const [first] = hosts;
  if (first === undefined) return undefined;
  const all = hosts.join(",");
  if (all.length <= rolledUpLengthMax) return all;
  return `${first}+${hosts.length - 1}#${fnv1a32(all).toString(16)}`;
}
