/**
 * The header of the PROXY protocol, version 2, as the client's side writes it: from which source
 * address the proxy is to connect, and whereto.
 */

import type { Endpoint } from "../transport.ts";
import { addressBytes } from "./address-bytes.ts";

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Version 2, PROXY. */
const command = 0x21;
const tcp4 = 0x11;
const tcp6 = 0x21;

/** Both of one family; a source port of 0 leaves it to the proxy. */
export function proxyHeader(from: Endpoint, to: Endpoint): Uint8Array {
  const [source, target] = [addressBytes(from.address), addressBytes(to.address)];
  const ports = [from.port, to.port].flatMap((port) => [port >> 8, port & 0xff]);
  const addresses = [...source, ...target, ...ports];
  const family = target.length === 4 ? tcp4 : tcp6;
  return Uint8Array.from([...signature, command, family, 0, addresses.length, ...addresses]);
}
