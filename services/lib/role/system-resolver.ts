/** The resolver of a process: the configured name servers, or else those of the system. */
import { existsSync, readFileSync } from "node:fs";
import type { Clock } from "#lib/clock";
import { parseResolvConf } from "#lib/dns/resolv-conf";
import { socketExchange } from "#lib/dns/socket-exchange";
import { StubResolver } from "#lib/dns/stub-resolver";
import type { Endpoint, Transport } from "#lib/net/transport";
import type { Random } from "#lib/random";

export interface SystemResolverPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

const resolvConf = "/etc/resolv.conf";

/** @param servers none: the system's */
export function systemResolver(
  servers: readonly Endpoint[],
  { transport, clock, random }: SystemResolverPorts,
): StubResolver {
  // resolv.conf(5): without it the server is this machine.
  const system = parseResolvConf(existsSync(resolvConf) ? readFileSync(resolvConf, "utf8") : "");
  const options = servers.length === 0 ? system : { ...system, servers };
  return new StubResolver(options, {
    exchange: socketExchange({ clock, transport }),
    clock,
    random,
  });
}
