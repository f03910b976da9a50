/** Shaping as files in layers say it. */
import type { Rule } from "#lib/automation/rule";
import type { Subject } from "#lib/limits/limit";
import { providerName } from "#lib/limits/provider-name";
import { DomainNames } from "./domain-names.ts";
import { dimensionOf, parts } from "./form.ts";
import type { EntryPath, Layer } from "./layer.ts";
import { other, settingsOf, type Way } from "./path.ts";
import { Providers } from "./providers.ts";
import { Rules } from "./rules.ts";
import type { PathSettings, Shaping, Weight } from "./shaping.ts";

/** Of each generation: what was not asked for in the last two is worked out again. */
const pathsMax = 5_000;

const even: Weight = { value: 1, provenance: "built in" };

type Name = "provider" | "source" | "tenant" | "campaign";

export class LayeredShaping implements Shaping {
  readonly rules: Rules;
  readonly #automation: () => readonly Rule[];
  readonly #providers: Providers;
  /** Whom the files tell from others. */
  readonly #domains = new DomainNames<string>();
  readonly #named: Readonly<Record<Name, Set<string>>> = {
    provider: new Set(),
    source: new Set(),
    tenant: new Set(),
    campaign: new Set(),
  };
  readonly #weights = new Map<string, Weight>();
  #paths = new Map<string, PathSettings>();
  #olderPaths: ReadonlyMap<string, PathSettings> = new Map();

  /** `automation` is asked when somebody wants the rules: most commands of an operator do not. */
  constructor(layers: readonly Layer[], automation: () => readonly Rule[]) {
    this.#automation = automation;
    this.rules = new Rules(layers);
    this.#providers = new Providers(layers);
    for (const { name, entry } of this.rules.section("tenants")) {
      if (entry.weight !== undefined) this.#weights.set(name, entry.weight);
    }
    for (const { path, entry } of this.rules.all()) {
      this.#note(path);
      for (const domain of entry["only.destination"]?.value ?? [])
        this.#domains.set(domain, domain);
      for (const dimension of ["provider", "source", "tenant", "campaign"] as const) {
        for (const name of entry[`only.${dimension}`]?.value ?? [])
          this.#named[dimension].add(name);
      }
    }
  }

  get automation(): readonly Rule[] {
    return this.#automation();
  }

  providerOf(domain: string, mxHosts: readonly string[]): string {
    return this.#providers.of(domain, mxHosts);
  }

  providerOfRoute(host: string): string | undefined {
    return this.#providers.ofHost(host);
  }

  weightOf(tenant: string): Weight {
    if (tenant === "") return even;
    return this.#weights.get(tenant) ?? this.#weights.get(other) ?? even;
  }

  pathFor(subject: Subject): PathSettings {
    const way = this.#wayOf(subject);
    const key = keyOf(way);
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const settings = this.#olderPaths.get(key) ?? settingsOf(this.rules, way);
    if (this.#paths.size >= pathsMax) {
      this.#olderPaths = this.#paths;
      this.#paths = new Map();
    }
    this.#paths.set(key, settings);
    return settings;
  }

  #note([section = "", name = "", ...within]: EntryPath): void {
    if (section === "domains") this.#domains.set(name, name);
    if (section === "providers") this.#named.provider.add(name);
    for (const part of parts) {
      if (section === part && name !== other) this.#named[dimensionOf[part]].add(name);
    }
    if (within.length > 0) this.#note(within);
  }

  #wayOf({ destination, provider, source, tenant, campaign }: Subject): Way {
    return {
      destination: destination === undefined ? undefined : this.#domains.nearest(destination)[0],
      provider: this.#nameOf(
        "provider",
        provider === undefined ? undefined : providerName(provider),
      ),
      source: this.#nameOf("source", source),
      tenant: this.#nameOf("tenant", tenant),
      campaign: this.#nameOf("campaign", campaign),
    };
  }

  #nameOf(dimension: Name, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    return this.#named[dimension].has(value) ? value : other;
  }
}

/** No name in the files has a control character. */
function keyOf({ destination, provider, source, tenant, campaign }: Way): string {
  return `${destination ?? ""}\n${provider ?? ""}\n${source ?? ""}\n${tenant ?? ""}\n${campaign ?? ""}`;
}
