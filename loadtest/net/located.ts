/** Where a name leads, such as that of a Service: sockets of the system know addresses only. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Endpoint } from "#lib/net/transport";

/** An address is itself; of a name an IPv4 address if there is one. Rejects when there is none. */
export async function located({ address, port }: Endpoint): Promise<Endpoint> {
  if (isIP(address) !== 0) return { address, port };
  const found = await lookup(address, { all: true }).catch((cause) => {
    throw new Error(`Cannot find "${address}"`, { cause });
  });
  const [best] = found.toSorted((a, b) => a.family - b.family);
  return { address: best?.address ?? address, port };
}
