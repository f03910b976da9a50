/** DNS by the recursive name servers of the site (RFC 1034 §5.3.1), with what mail needs of it. */
import type { Answer as Rr } from "dns-packet";
import type { Clock } from "../clock.ts";
import type { Endpoint } from "../net/transport.ts";
import type { Random } from "../random.ts";
import { isIpv4, isIpv6 } from "../smtp/address-literal.ts";
import type { Exchange } from "./exchange.ts";
import { Lookup, type RecordKind } from "./lookup.ts";
import { queryName, receivedName } from "./name.ts";
import { NameServers } from "./name-servers.ts";
import type { Answer, MxRecord, Resolver } from "./resolver.ts";
import { specialAbsence, specialAddresses } from "./special-names.ts";

export interface StubResolverOptions {
  readonly servers: readonly Endpoint[];
  /** For one server to answer one query. */
  readonly timeoutMs?: number;
  /** Rounds through the servers. */
  readonly attempts?: number;
  readonly isRotating?: boolean;
  /** Queries under way at once. */
  readonly inFlightMax?: number;
  /** Queries that wait for those. */
  readonly waitingMax?: number;
  /** For each of the record types, about. */
  readonly cacheBytesMax?: number;
}

export interface StubResolverPorts {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly random: Random;
}

/** As resolv.conf(5) has them. */
const defaults = {
  timeoutMs: 5_000,
  attempts: 2,
  isRotating: false,
  inFlightMax: 256,
  waitingMax: 10_000,
  cacheBytesMax: 8 * 1024 * 1024,
};
const recordBytes = 64;

export class StubResolver implements Resolver {
  readonly #mx: Lookup<MxRecord>;
  readonly #a: Lookup<string>;
  readonly #aaaa: Lookup<string>;
  readonly #txt: Lookup<string>;

  constructor(options: StubResolverOptions, ports: StubResolverPorts) {
    const { cacheBytesMax, ...settings } = { ...defaults, ...options };
    const servers = new NameServers(settings, ports);
    const lookupPorts = { clock: ports.clock, servers, cacheBytesMax };
    this.#mx = new Lookup(mxKind, lookupPorts);
    this.#a = new Lookup(aKind, lookupPorts);
    this.#aaaa = new Lookup(aaaaKind, lookupPorts);
    this.#txt = new Lookup(txtKind, lookupPorts);
  }

  /** What is kept of answers, about, in bytes. */
  get cachedBytes(): number {
    const lookups = [this.#mx, this.#a, this.#aaaa, this.#txt];
    return lookups.reduce((sum, { cachedBytes }) => sum + cachedBytes, 0);
  }

  mx(domain: string): Promise<Answer<MxRecord>> {
    return askAbout(domain, specialAbsence, this.#mx);
  }

  a(host: string): Promise<Answer<string>> {
    return askAbout(host, (name) => specialAddresses(name, "a"), this.#a);
  }

  aaaa(host: string): Promise<Answer<string>> {
    return askAbout(host, (name) => specialAddresses(name, "aaaa"), this.#aaaa);
  }

  txt(name: string): Promise<Answer<string>> {
    return askAbout(name, specialAbsence, this.#txt);
  }
}

/** What can be no name does not exist: a failure would have mail for it wait for days. */
async function askAbout<T>(
  text: string,
  special: (name: string) => Answer<T> | undefined,
  lookup: Lookup<T>,
): Promise<Answer<T>> {
  const name = queryName(text);
  if (name === undefined) return { kind: "nxdomain" };
  return special(name) ?? (await lookup.ask(name));
}

const mxKind: RecordKind<MxRecord> = {
  type: "MX",
  read: (record) => {
    if (record.type !== "MX") return undefined;
    const { preference = 0, exchange } = record.data;
    return { preference, exchange: receivedName(exchange) };
  },
  // RFC 5321 §5.1: the lowest preference first, wherever it stands in the response.
  order: (a, b) => a.preference - b.preference,
  sizeOf: ({ exchange }) => recordBytes + exchange.length,
};

const aKind: RecordKind<string> = {
  type: "A",
  read: (record) => addressIn(record, "A", isIpv4),
  sizeOf: (address) => recordBytes + address.length,
};

const aaaaKind: RecordKind<string> = {
  type: "AAAA",
  read: (record) => addressIn(record, "AAAA", isIpv6),
  sizeOf: (address) => recordBytes + address.length,
};

const txtKind: RecordKind<string> = {
  type: "TXT",
  // RFC 7208 §3.3: the strings of one record are one text, without blanks between them.
  read: (record) => {
    if (record.type !== "TXT") return undefined;
    const strings = Array.isArray(record.data) ? record.data : [record.data];
    return strings.map((text) => text.toString()).join("");
  },
  sizeOf: (text) => recordBytes + text.length,
};

/** A record that was cut short decodes to something that is no address. */
function addressIn(
  record: Rr,
  type: "A" | "AAAA",
  isAddress: (text: string) => boolean,
): string | undefined {
  if (record.type !== type || !isAddress(record.data)) return undefined;
  return record.data;
}
