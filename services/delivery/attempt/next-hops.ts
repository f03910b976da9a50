/** The hosts that may take a destination's mail, in the order to try them: from its route, or by MX (RFC 5321 §5.1). */
import { addresses, findMailExchangers, type MailExchanger } from "#lib/dns/mail-exchangers";
import type { Resolver } from "#lib/dns/resolver";
import { isThisMachine, plainAddress } from "#lib/net/own-address";
import type { Outcome } from "#lib/queue/outcome";
import type { Destination } from "#lib/queue/unit";
import type { Random } from "#lib/random";
import type { Status } from "#lib/smtp/status";
import type { DeliveryConfig } from "../config.ts";
import type { RemoteHost } from "./remote-session.ts";
import { type NextHop, routeFor } from "./routes.ts";

export type Candidate =
  | { readonly kind: "host"; readonly host: RemoteHost }
  /** There is no (further) host, and this is why. Last. */
  | { readonly kind: "none"; readonly outcome: Outcome };

export interface NextHopsPorts {
  readonly config: DeliveryConfig;
  readonly resolver: Resolver;
  readonly random: Random;
}

export class NextHops {
  readonly #ports: NextHopsPorts;
  readonly #ownAddresses: ReadonlySet<string>;

  constructor(ports: NextHopsPorts) {
    this.#ports = ports;
    this.#ownAddresses = new Set(ports.config.ownAddresses.map(plainAddress));
  }

  /** The route of this destination ends in a mailbox store: success means delivered (RFC 3461 §5.2.3). */
  isFinal(destination: Destination): boolean {
    return routeFor(destination, this.#ports.config.routes)?.nextHop.protocol === "lmtp";
  }

  /** Looked up one by one, as they are asked for. */
  async *candidates(destination: Destination): AsyncGenerator<Candidate> {
    const route = routeFor(destination, this.#ports.config.routes);
    if (route !== undefined) yield* this.#atRoute(route.nextHop);
    else if (destination.startsWith("[")) yield* this.#atLiteral(destination);
    else yield* this.#byMx(destination);
  }

  async *#byMx(domain: Destination): AsyncGenerator<Candidate> {
    const { resolver, random, config } = this.#ports;
    const ownNames = [config.hostname];
    const found = await findMailExchangers(domain, { resolver, random, ownNames });
    switch (found.kind) {
      case "hosts":
        return yield* this.#atMailExchangers(found.hosts);
      case "nullMx":
        return yield permanent("5.1.10", "the domain accepts no mail (null MX, RFC 7505)");
      case "nxdomain":
        return yield permanent("5.1.2", "the domain does not exist");
      case "noRoute":
        return yield permanent("5.4.4", found.reason);
      case "loop":
        return yield loop("the best mail exchanger of the domain is this host");
      case "failure":
        return yield transient("4.4.3", found.reason);
    }
  }

  /**
   * RFC 5321 §5.1: who finds itself in the list, by name or by address, uses only what is better.
   * Loopback is skipped alone: it says nothing of the others.
   */
  async *#atMailExchangers(hosts: readonly MailExchanger[]): AsyncGenerator<Candidate> {
    let isAnyUsable = false;
    let looping: Candidate | undefined;
    let last: Candidate | undefined;
    for (const equals of this.#together(hosts)) {
      const candidates = (await Promise.all(equals.map((host) => this.#of(host)))).flat();
      const ourselves = candidates.find((it) => it.kind === "host" && this.#isOurs(it.host));
      if (ourselves?.kind === "host") {
        looping = loop(`${told(ourselves.host)} is this host`);
        break;
      }
      for (const candidate of candidates) {
        if (candidate.kind === "none") last = candidate;
        else if (isThisMachine(candidate.host.address)) {
          looping = loop(`${told(candidate.host)} leads back to this host`);
        } else {
          isAnyUsable = true;
          yield candidate;
        }
      }
    }
    // A mail exchanger without address is the domain's fault, but often a passing one: transient.
    if (last?.kind === "none") yield { kind: "none", outcome: asTransient(last.outcome) };
    else if (looping !== undefined && !isAnyUsable) yield looping;
  }

  /** Equals only where one of them may be us: else each is looked up when its turn comes. */
  #together(hosts: readonly MailExchanger[]): readonly (readonly MailExchanger[])[] {
    if (this.#ownAddresses.size === 0) return hosts.map((host) => [host]);
    return [...Map.groupBy(hosts, ({ preference }) => preference).values()];
  }

  async #of({ host }: MailExchanger): Promise<readonly Candidate[]> {
    return await Array.fromAsync(this.#atAddresses(this.#mxHop(host)));
  }

  #isOurs({ address }: RemoteHost): boolean {
    return this.#ownAddresses.has(plainAddress(address));
  }

  /** An operator's word: a name that does not resolve is a fault of his that he will mend. */
  async *#atRoute(nextHop: NextHop): AsyncGenerator<Candidate> {
    for await (const candidate of this.#atAddresses(nextHop)) {
      if (candidate.kind === "none")
        yield { kind: "none", outcome: asTransient(candidate.outcome) };
      else yield { kind: "host", host: { ...candidate.host, isRouted: true } };
    }
  }

  #mxHop(host: string): NextHop {
    return { protocol: "smtp", host, port: this.#ports.config.mxPort };
  }

  async *#atLiteral(literal: Destination): AsyncGenerator<Candidate> {
    const address = literal.slice(1, -1).replace(/^ipv6:/i, "");
    const [host] = await this.#of({ host: address, preference: 0 });
    if (host?.kind === "host" && (isThisMachine(address) || this.#isOurs(host.host))) {
      return yield loop(`${literal} is this host`);
    }
    if (host !== undefined) yield host;
  }

  async *#atAddresses({ host, port, protocol }: NextHop): AsyncGenerator<Candidate> {
    const { resolver, random, config } = this.#ports;
    const found = await addresses(host, { resolver, random, useIpv6: config.useIpv6 });
    switch (found.kind) {
      case "addresses":
        for (const address of found.addresses) {
          yield { kind: "host", host: { name: host, address, port, protocol, isRouted: false } };
        }
        return;
      case "nxdomain":
      case "none":
        return yield permanent("5.4.4", `${host} has no address`);
      case "failure":
        return yield transient("4.4.3", found.reason);
    }
  }
}

function told({ name, address }: RemoteHost): string {
  return `${name}[${address}]`;
}

/** As others say it: mail that comes back would go round until its trace is too long. */
function loop(reason: string): Candidate {
  return permanent("5.4.6", `mail loops back to us: ${reason}`);
}

function permanent(status: Status<5>, reason: string): Candidate {
  return { kind: "none", outcome: { kind: "permanent", scope: "destination", status, reason } };
}

function transient(status: Status<4>, reason: string): Candidate {
  return { kind: "none", outcome: { kind: "transient", scope: "destination", status, reason } };
}

function asTransient(outcome: Outcome): Outcome {
  if (outcome.kind !== "permanent") return outcome;
  return { kind: "transient", scope: "destination", status: "4.4.4", reason: outcome.reason };
}
