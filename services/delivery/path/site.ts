/**
 * Where a destination's mail goes: destinations with the same mail exchangers are one site, which
 * counts connections and messages for all of them (ADR 0012), and may send over the same connection.
 */
import type { Clock } from "#lib/clock";
import { findMailExchangers, type MailExchanger } from "#lib/dns/mail-exchangers";
import type { Resolver } from "#lib/dns/resolver";
import type { Destination } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Shaping } from "#lib/shaping/shaping";
import { type Route, routeFor } from "../attempt/routes.ts";
import type { DeliveryConfig } from "../config.ts";

export interface Site {
  /** The hosts, in order of preference. */
  readonly key: string;
  /** Whose limits it shares; a route to hosts of nobody in particular has none. */
  readonly provider: string | undefined;
}

/** A site, and how long that is believed. */
export interface Located {
  readonly site: Site;
  /** On the monotonic clock. */
  readonly checkAt: number;
  readonly routes: readonly Route[];
  readonly shaping: Shaping;
}

export interface SitesPorts {
  readonly config: DeliveryConfig;
  readonly resolver: Resolver;
  readonly random: Random;
  readonly clock: Clock;
}

/** An answer of a few seconds is not asked for again every few seconds. */
const checkMsMin = 60_000;
const checkMsMax = 3_600_000;

export class Sites {
  readonly #ports: SitesPorts;

  constructor(ports: SitesPorts) {
    this.#ports = ports;
  }

  isStale({ checkAt, routes, shaping }: Located): boolean {
    const { config, clock } = this.#ports;
    return routes !== config.routes || shaping !== config.shaping() || checkAt <= clock.monotonic();
  }

  /** What needs no look-up: a route, or an address. */
  known(destination: Destination): Located | undefined {
    const { config } = this.#ports;
    const route = routeFor(destination, config.routes);
    if (route !== undefined) {
      const { protocol, host, port } = route.nextHop;
      const provider = config.shaping().providerOfRoute(host);
      return this.#located({ key: `${protocol}://${host}:${port}`, provider }, checkMsMax);
    }
    return destination.startsWith("[") ? this.#alone(destination, checkMsMax) : undefined;
  }

  /**
   * Never rejects. A destination that cannot be looked up is a site of its own: why, its next
   * attempt tells.
   */
  async find(destination: Destination): Promise<Located> {
    const known = this.known(destination);
    if (known !== undefined) return known;
    const { config } = this.#ports;
    const ownNames = [config.hostname];
    const found = await findMailExchangers(destination, { ...this.#ports, ownNames });
    if (found.kind !== "hosts") return this.#alone(destination, checkMsMin);
    const names = found.hosts.map(({ host }) => host);
    const provider = config.shaping().providerOf(destination, names);
    const validMs = Math.min(checkMsMax, Math.max(checkMsMin, found.ttlMs));
    return this.#located({ key: keyOf(found.hosts), provider }, validMs);
  }

  #alone(destination: Destination, validMs: number): Located {
    const provider = this.#ports.config.shaping().providerOf(destination, []);
    return this.#located({ key: destination, provider }, validMs);
  }

  #located(site: Site, validMs: number): Located {
    const { config, clock } = this.#ports;
    const { routes } = config;
    return { site, checkAt: clock.monotonic() + validMs, routes, shaping: config.shaping() };
  }
}

/** Equals of a preference come in random order. */
function keyOf(hosts: readonly MailExchanger[]): string {
  const groups = new Map<number, string[]>();
  for (const { host, preference } of hosts) {
    groups.set(preference, [...(groups.get(preference) ?? []), host]);
  }
  return [...groups.values()].map((names) => names.toSorted().join(",")).join(";");
}
