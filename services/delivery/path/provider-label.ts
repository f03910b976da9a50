/** A provider as metrics name it: few of them, for every value is kept. */
import { providerName } from "#lib/limits/provider-name";

/**
 * A name that shaping files know, or `other`: a domain, or a set of hosts, is a provider of its own
 * where no file names one. `none`: the destination's route has none.
 */
export function providerLabel(destination: string, provider: string | undefined): string {
  if (provider === undefined) return "none";
  const name = providerName(provider);
  const isUnnamed = provider === destination || name === "mx" || /[.[]/.test(name);
  return isUnnamed ? "other" : name;
}
