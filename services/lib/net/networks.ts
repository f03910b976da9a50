/** A list of networks of both families, and whether a host is in one of them. */
import ipaddr from "ipaddr.js";

/** `::192.0.2.1`, long out of use, is no IPv4 host; the library takes it for `::ffff:192.0.2.1`. */
const compatibleAddress = /^::\d+\.\d+\.\d+\.\d+$/;

type Network = ReturnType<typeof ipaddr.parseCIDR>;

export class Networks {
  readonly #networks: readonly Network[];

  /** @throws {TypeError} when a text is no CIDR; the configuration's check has seen to that. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map(parseNetwork);
  }

  has(address: string): boolean {
    if (this.#networks.length === 0 || compatibleAddress.test(address)) return false;
    const host = ipaddr.process(address);
    return this.#networks.some(
      ([network, bits]) => network.kind() === host.kind() && host.match(network, bits),
    );
  }
}

function parseNetwork(text: string): Network {
  try {
    return ipaddr.parseCIDR(text);
  } catch (cause) {
    throw new TypeError(`Cannot parse network "${text}": it is no CIDR`, { cause });
  }
}
