/** The hosts that take mail for a domain (RFC 5321 §5.1), and their addresses. */

import { type Random, shuffled } from "../random.ts";
import { isIpv4, isIpv6 } from "../smtp/address-literal.ts";
import { isHostName } from "./name.ts";
import type { Answer, MxRecord, Resolver } from "./resolver.ts";

export interface MailExchanger {
  readonly host: string;
  readonly preference: number;
}

export type MxAnswer =
  | {
      readonly kind: "hosts";
      /** In the order to try them. */
      readonly hosts: readonly MailExchanger[];
      /** There is no MX record; the domain is its own mail exchanger. */
      readonly isImplicit: boolean;
      readonly ttlMs: number;
    }
  /** The domain takes no mail (RFC 7505): permanent, 5.1.10. */
  | { readonly kind: "nullMx" }
  /** There is no such domain: permanent, 5.1.2. */
  | { readonly kind: "nxdomain" }
  /** The domain exists, but names no host that could take mail: permanent, 5.4.4. */
  | { readonly kind: "noRoute"; readonly reason: string }
  /** The best mail exchanger is this host, which knows nothing of the domain: permanent, 5.4.6. */
  | { readonly kind: "loop" }
  /** Unknown: transient, 4.4.3. */
  | { readonly kind: "failure"; readonly reason: string };

export type AddressesAnswer =
  | {
      readonly kind: "addresses";
      /** In the order to try them. */
      readonly addresses: readonly string[];
      readonly ttlMs: number;
    }
  | { readonly kind: "none" }
  | { readonly kind: "nxdomain" }
  | { readonly kind: "failure"; readonly reason: string };

export interface MxOptions {
  readonly resolver: Resolver;
  readonly random: Random;
  /** The names under which this host may stand in an MX record. */
  readonly ownNames: readonly string[];
}

export interface AddressesOptions {
  readonly resolver: Resolver;
  readonly random: Random;
  readonly useIpv6: boolean;
}

/**
 * Who publishes more has them ignored: nobody waits for the connection timeouts of a hundred hosts.
 */
const mailExchangersMax = 20;
const addressesMax = 8;
/** An address that was given as such does not expire. */
const literalTtlMs = 24 * 3_600_000;

export async function findMailExchangers(domain: string, options: MxOptions): Promise<MxAnswer> {
  const answer = await options.resolver.mx(domain);
  switch (answer.kind) {
    case "records":
      return fromRecords(answer, options);
    case "none":
      return await implicitly(domain, options);
    case "nxdomain":
    case "failure":
      return answer;
  }
}

/** Addresses of a host, of an address, or of an address literal in brackets. Never rejects. */
export async function addresses(host: string, options: AddressesOptions): Promise<AddressesAnswer> {
  const literal = addressOf(host);
  if (literal !== undefined) {
    return { kind: "addresses", addresses: [literal], ttlMs: literalTtlMs };
  }
  const { resolver, random, useIpv6 } = options;
  if (!useIpv6) return ordered([await resolver.a(host)], random);
  return ordered(await Promise.all([resolver.aaaa(host), resolver.a(host)]), random);
}

/** The address in `192.0.2.1`, `2001:db8::1`, `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
function addressOf(host: string): string | undefined {
  const isBracketed = host.startsWith("[") && host.endsWith("]");
  const text = isBracketed ? host.slice(1, -1) : host;
  const address = text.slice(0, 5).toLowerCase() === "ipv6:" ? text.slice(5) : text;
  return isIpv4(address) || isIpv6(address) ? address : undefined;
}

/** Families take turns, IPv6 first, so that a broken one costs a single timeout. */
function ordered(answers: readonly Answer<string>[], random: Random): AddressesAnswer {
  const families: string[][] = [];
  let ttlMs = Number.POSITIVE_INFINITY;
  for (const answer of answers) {
    if (answer.kind !== "records") continue;
    families.push(shuffled(answer.records, random));
    ttlMs = Math.min(ttlMs, answer.ttlMs);
  }
  if (families.length === 0) return absence(answers);
  return { kind: "addresses", addresses: taken(families).slice(0, addressesMax), ttlMs };
}

function taken(families: readonly (readonly string[])[]): string[] {
  const longest = Math.max(...families.map((family) => family.length));
  const turns = Array.from({ length: longest }, (_, turn) => families.map((it) => it[turn]));
  return turns.flat().filter((address) => address !== undefined);
}

/**
 * A family that is unknown may have addresses: only if both are known to have none, there is none.
 */
function absence(answers: readonly Answer<string>[]): AddressesAnswer {
  const failure = answers.find((answer) => answer.kind === "failure");
  if (failure !== undefined) return failure;
  const isNowhere = answers.every((answer) => answer.kind === "nxdomain");
  return { kind: isNowhere ? "nxdomain" : "none" };
}

type MxRecords = Extract<Answer<MxRecord>, { kind: "records" }>;

function fromRecords({ records, ttlMs }: MxRecords, options: MxOptions): MxAnswer {
  // RFC 7505 §3: a null MX stands alone. Beside others it says nothing and is left out.
  if (records.every(({ exchange }) => exchange === "")) return { kind: "nullMx" };
  const usable = records.filter(({ exchange }) => isHostName(exchange));
  // RFC 5321 §5.1: with MX records, but none usable, the domain's address is not tried instead.
  if (usable.length === 0) {
    return { kind: "noRoute", reason: "the MX records of the domain name no host" };
  }
  const all = byPreference(usable, options.random);
  const hosts = betterThanOwn(all, options.ownNames).slice(0, mailExchangersMax);
  return hosts.length === 0 ? { kind: "loop" } : { kind: "hosts", hosts, isImplicit: false, ttlMs };
}

/** RFC 5321 §5.1: lowest preference first, equals in random order to spread the load. */
function byPreference(records: readonly MxRecord[], random: Random): MailExchanger[] {
  const sorted = shuffled(records, random).sort((a, b) => a.preference - b.preference);
  const hosts = new Map<string, MailExchanger>();
  for (const { exchange, preference } of sorted) {
    if (!hosts.has(exchange)) hosts.set(exchange, { host: exchange, preference });
  }
  return [...hosts.values()];
}

/** RFC 5321 §5.1: a relay that is in the list itself ignores what is not better than itself. */
function betterThanOwn(hosts: MailExchanger[], ownNames: readonly string[]): MailExchanger[] {
  const own = hosts.find(({ host }) => isOwn(host, ownNames));
  return own === undefined ? hosts : hosts.filter((it) => it.preference < own.preference);
}

/** RFC 5321 §5.1: without MX records the domain is a host with an implicit MX of preference 0. */
async function implicitly(domain: string, options: MxOptions): Promise<MxAnswer> {
  if (isOwn(domain, options.ownNames)) return { kind: "loop" };
  const found = await addresses(domain, { ...options, useIpv6: true });
  switch (found.kind) {
    case "addresses": {
      const hosts = [{ host: domain, preference: 0 }];
      return { kind: "hosts", hosts, isImplicit: true, ttlMs: found.ttlMs };
    }
    case "none":
      return { kind: "noRoute", reason: "the domain has neither a mail exchanger nor an address" };
    case "nxdomain":
    case "failure":
      return found;
  }
}

function isOwn(host: string, ownNames: readonly string[]): boolean {
  return ownNames.some((name) => name.toLowerCase() === host.toLowerCase());
}
