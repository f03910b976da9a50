/** Where mail for a destination goes: by MX, or to the next hop that a route names. */
import type { Destination } from "#lib/queue/unit";

/** Patterns, most specific first: `example.net`, `*.example.net`, `*`. */
export interface Route {
  readonly domain: string;
  readonly nextHop: NextHop;
}

export interface NextHop {
  readonly protocol: "smtp" | "lmtp";
  /** A name (looked up by address, never by MX) or an address. */
  readonly host: string;
  readonly port: number;
}

/** The route for a destination, or undefined: by MX. An exact name wins, then the longest suffix, then `*`. */
export function routeFor(destination: Destination, routes: readonly Route[]): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (matches(destination, route.domain) && isMoreSpecific(route.domain, best?.domain)) {
      best = route;
    }
  }
  return best;
}

function matches(destination: string, pattern: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("*.")) return destination.endsWith(pattern.slice(1).toLowerCase());
  return destination === pattern.toLowerCase();
}

function isMoreSpecific(pattern: string, than: string | undefined): boolean {
  if (than === undefined) return true;
  const isExact = !pattern.startsWith("*");
  const isThanExact = !than.startsWith("*");
  if (isExact !== isThanExact) return isExact;
  return pattern.length > than.length;
}
