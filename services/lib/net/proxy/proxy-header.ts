/**
 * The header of the PROXY protocol: how it begins, and version 2 as the client's side writes it:
 * from which source address the proxy is to connect, and whereto.
 */

import type { Endpoint } from "../transport.ts";
import { addressBytes } from "./address-bytes.ts";

/** Version 1 is a line of text. */
export const textPrefix = new TextEncoder().encode("PROXY ");
/** Version 2; no protocol's client begins like this. */
export const signature = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);

/** Version and command. */
export const proxyCommand = 0x21;
export const localCommand = 0x20;
/** Family and kind of transport. */
export const tcp4 = 0x11;
export const tcp6 = 0x21;

/** Both of one family; a source port of 0 leaves it to the proxy. */
export function proxyHeader(from: Endpoint, to: Endpoint): Uint8Array {
  const [source, target] = [addressBytes(from.address), addressBytes(to.address)];
  const ports = [from.port, to.port].flatMap((port) => [port >> 8, port & 0xff]);
  const addresses = [...source, ...target, ...ports];
  const family = target.length === 4 ? tcp4 : tcp6;
  return Uint8Array.from([...signature, proxyCommand, family, 0, addresses.length, ...addresses]);
}

/** Whether they are a header's beginning: of neither version, as far as they go, or for sure. */
export function likeHeader(bytes: Uint8Array): "no" | "maybe" | "yes" {
  const prefix = [textPrefix, signature].find((one) => agrees(bytes, one));
  if (prefix === undefined) return "no";
  return bytes.length < prefix.length ? "maybe" : "yes";
}

/** As many octets decide. */
export const prefixMax = signature.length;

function agrees(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.subarray(0, bytes.length).every((octet, i) => octet === bytes[i]);
}
