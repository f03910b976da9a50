/** What applies to mail for a domain, by the files alone: nothing is asked of the DNS. */
import type { Config } from "#lib/config/config";
import type { Dimension } from "#lib/limits/limit";
import { limitText } from "#lib/limits/limit-text";
import type { PathSettings, Weight } from "#lib/shaping/shaping";
import { routeFor } from "../../delivery/attempt/routes.ts";
import { spanText } from "../duration.ts";
import { destinationBy } from "../operator/selection.ts";
import { printable, table } from "../table.ts";

export interface ShowOptions {
  readonly mx?: readonly string[];
  readonly provider?: string;
  readonly source?: string;
  readonly tenant?: string;
  readonly campaign?: string;
}

export interface Shown {
  readonly destination: string;
  /** Undefined: it goes by a route to a host that no provider names. */
  readonly provider: string | undefined;
  readonly by: "option" | "route" | "mx" | "domain" | "nothing known";
  readonly settings: readonly ShownSetting[];
}

export interface ShownSetting {
  readonly setting: string;
  readonly value: string;
  /** What each has a count of its own; empty of a setting that is not counted. */
  readonly scope: readonly Dimension[];
  /** The entry that says it. */
  readonly name: string | undefined;
  readonly provenance: string;
}

export function show(text: string, options: ShowOptions, config: Config): Shown {
  const destination = destinationBy(text);
  const found = providerBy(destination, options, config);
  const { source, tenant, campaign } = options;
  const settings = config.shaping.pathFor({
    destination,
    ...(found.provider === undefined ? {} : { provider: found.provider }),
    ...(source === undefined ? {} : { source }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(campaign === undefined ? {} : { campaign }),
  });
  const weights = tenant === undefined ? [] : [shownWeight(config.shaping.weightOf(tenant))];
  return { destination, ...found, settings: [...shownSettings(settings), ...weights] };
}

function providerBy(
  destination: ReturnType<typeof destinationBy>,
  { provider, mx = [] }: ShowOptions,
  { routes, shaping }: Config,
): Pick<Shown, "provider" | "by"> {
  if (provider !== undefined) return { provider, by: "option" };
  // Whoever names mail exchangers asks how it is by them, whatever routes there are here.
  if (mx.length > 0) return { provider: shaping.providerOf(destination, mx), by: "mx" };
  const route = routeFor(destination, routes);
  if (route !== undefined) {
    return { provider: shaping.providerOfRoute(route.nextHop.host), by: "route" };
  }
  const found = shaping.providerOf(destination, []);
  return { provider: found, by: found === destination ? "nothing known" : "domain" };
}

function shownWeight({ value, provenance }: Weight): ShownSetting {
  return { setting: "weight", value: String(value), scope: [], name: undefined, provenance };
}

function shownSettings(path: PathSettings): readonly ShownSetting[] {
  const { provenance } = path;
  const setting = (name: string, value: string, from: string): ShownSetting => {
    return { setting: name, value, scope: [], name: undefined, provenance: from };
  };
  return [
    ...[...path.limits, ...path.caps].map((limit) => ({
      setting: limit.kind,
      value: limitText(limit),
      scope: limit.scope,
      name: limit.name,
      provenance: limit.provenance,
    })),
    setting("concurrency.first", String(path.concurrencyFirst), provenance.concurrencyFirst),
    setting("concurrency.max", String(path.concurrencyMax), provenance.concurrencyMax),
    setting("idle", spanText(path.idleMs), provenance.idleMs),
  ];
}

export function showText(shown: Shown): string {
  const heading = ["SETTING", "VALUE", "FOR EACH", "SAID BY", "AT"];
  const rows = shown.settings.map(({ setting, value, scope, name = "", provenance }) => [
    setting,
    value,
    scope.join(", "),
    name,
    provenance,
  ]);
  return `${printable(providerText(shown))}\n${table(heading, rows)}`;
}

function providerText({ destination, provider, by }: Shown): string {
  switch (by) {
    case "option":
    case "mx":
    case "domain":
      return `${destination}: provider ${provider}`;
    case "route":
      return provider === undefined
        ? `${destination}: goes by a route to a host of no provider`
        : `${destination}: provider ${provider}, by its route`;
    case "nothing known":
      return `${destination}: no provider names it; one may have its mail exchangers (--mx)`;
  }
}
