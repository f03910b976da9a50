/** A header of the PROXY protocol, version 2, right or wrong: from 192.0.2.1, port 7. */
import { signature } from "#lib/net/proxy/proxy-header";

export interface HeaderParts {
  readonly command?: number;
  readonly family?: number;
  readonly addresses?: readonly number[];
  /** Type-length-values. */
  readonly rest?: readonly number[];
}

const four = [192, 0, 2, 1, 198, 51, 100, 2, 0, 7, 0, 25];

export function binaryHeader(parts: HeaderParts = {}): Uint8Array {
  const { command = 0x21, family = 0x11, addresses = four, rest = [] } = parts;
  const length = addresses.length + rest.length;
  return Uint8Array.from([
    ...signature,
    command,
    family,
    length >> 8,
    length & 0xff,
    ...addresses,
    ...rest,
  ]);
}
