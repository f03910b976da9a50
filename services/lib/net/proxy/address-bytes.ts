/** The 4 or 16 octets of an IP address. */
import ipaddr from "ipaddr.js";

export function addressBytes(address: string): readonly number[] {
  return ipaddr.parse(address).toByteArray();
}
