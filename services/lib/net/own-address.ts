/** Addresses behind which there is nobody but this machine. */
import ipaddr from "ipaddr.js";

/** An address in the one form that is compared; an IPv4 address in IPv6 (RFC 4291 §2.5.5.2) is that one. */
export function plainAddress(text: string): string {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : text;
}

/**
 * Loopback, or "this host": 127/8 and 0/8 (RFC 1122 §3.2.1.3), `::1` and `::` (RFC 4291 §2.5.2 and
 * §2.5.3). The system connects all of them to itself.
 */
export function isThisMachine(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const range = ipaddr.process(address).range();
  return range === "loopback" || range === "unspecified";
}
