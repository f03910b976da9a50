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

/** By domain, in lower case: looked up for each message, however many there are. */
interface RouteIndex {
  readonly exact: ReadonlyMap<string, Route>;
  /** By what stands behind the asterisk; that of `*` by nothing. */
  readonly behind: ReadonlyMap<string, Route>;
}

const indexes = new WeakMap<readonly Route[], RouteIndex>();

/** The route for a destination, or undefined: by MX. An exact name wins, then the longest suffix, then `*`. */
export function routeFor(destination: Destination, routes: readonly Route[]): Route | undefined {
  if (routes.length === 0) return undefined;
  const { exact, behind } = indexOf(routes);
  const named = exact.get(destination);
  if (named !== undefined || behind.size === 0) return named;
  for (let dot = destination.indexOf("."); dot !== -1; dot = destination.indexOf(".", dot + 1)) {
    const route = behind.get(destination.slice(dot));
    if (route !== undefined) return route;
  }
  return behind.get("");
}

function indexOf(routes: readonly Route[]): RouteIndex {
  const known = indexes.get(routes);
  if (known !== undefined) return known;
  const [exact, behind] = [new Map<string, Route>(), new Map<string, Route>()];
  for (const route of routes) {
    const pattern = route.domain.toLowerCase();
    const isExact = !pattern.startsWith("*");
    const [names, name] = isExact ? [exact, pattern] : [behind, pattern.slice(1)];
    // The first of equals is taken.
    if (!names.has(name)) names.set(name, route);
  }
  const index = { exact, behind };
  indexes.set(routes, index);
  return index;
}
