/** What resolv.conf(5) says of name servers. */
import type { Endpoint } from "../net/transport.ts";
import { isIpv4, isIpv6 } from "../smtp/address-literal.ts";
import { parseDecimal } from "../smtp/ascii.ts";

export interface ResolvConf {
  readonly servers: readonly Endpoint[];
  /** For one server to answer one query. */
  readonly timeoutMs: number;
  /** Rounds through the servers. */
  readonly attempts: number;
  /** Queries begin at a random server, not always at the first. */
  readonly isRotating: boolean;
}

/**
 * The limits and defaults of resolv.conf(5), so that the file means here what it means elsewhere.
 */
const serversMax = 3;
const timeoutMaxSeconds = 30;
const attemptsMax = 5;
const defaults = { timeoutSeconds: 5, attempts: 2, server: "127.0.0.1" };
const dnsPort = 53;

/** `search` and `ndots` are not read: names in mail are complete. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: Endpoint[] = [];
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    // Comments begin in the first column or behind a blank.
    const [keyword, ...values] = line.split(/(?:^|\s)[#;]/, 1)[0]?.split(/\s+/) ?? [];
    if (keyword === "nameserver") addServer(servers, values[0] ?? "");
    if (keyword === "options") addOptions(options, values);
  }
  if (servers.length === 0) servers.push({ address: defaults.server, port: dnsPort });
  const seconds = numberOption(options.get("timeout"), defaults.timeoutSeconds);
  return {
    servers: servers.slice(0, serversMax),
    timeoutMs: Math.min(seconds, timeoutMaxSeconds) * 1_000,
    attempts: Math.min(numberOption(options.get("attempts"), defaults.attempts), attemptsMax),
    isRotating: options.has("rotate"),
  };
}

function addServer(servers: Endpoint[], address: string): void {
  // A link-local address carries its interface: fe80::1%eth0 (RFC 4007 §11).
  const plain = address.split("%", 1)[0] ?? "";
  if (isIpv4(plain) || isIpv6(plain)) servers.push({ address, port: dnsPort });
}

function addOptions(options: Map<string, string>, values: readonly string[]): void {
  for (const value of values) {
    const colon = value.indexOf(":");
    if (colon === -1) options.set(value, "");
    else options.set(value.slice(0, colon), value.slice(colon + 1));
  }
}

function numberOption(text: string | undefined, byDefault: number): number {
  return Math.max(1, parseDecimal(text ?? "", 3) ?? byDefault);
}
