import { systemClock } from "#lib/clock";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { socketExchange } from "#lib/dns/socket-exchange";
import { StubResolver } from "#lib/dns/stub-resolver";
import { bunTransport } from "#lib/net/bun-transport";
import { seededRandom } from "#lib/random";
import { DnsServer } from "../peers/dns-server.ts";
import type { DnsFault } from "../peers/name-server.ts";
import { type ResolverWorld, resolverSuite } from "./resolver.ts";

async function memoryWorld(): Promise<ResolverWorld> {
  const resolver = new MemoryResolver();
  return {
    resolver,
    zone: resolver.zone,
    fail: (name) => resolver.fail("SERVFAIL", name),
    close: async () => {},
  };
}

async function stubWorld(fault?: DnsFault): Promise<ResolverWorld> {
  const server = await DnsServer.start();
  if (fault !== undefined) server.nameServer.misbehave(fault);
  const clock = systemClock;
  const exchange = socketExchange({ clock, transport: bunTransport(clock) });
  const resolver = new StubResolver(
    { servers: [server.endpoint] },
    { exchange, clock, random: seededRandom(1) },
  );
  return {
    resolver,
    zone: server.nameServer.zone,
    fail: (name) => server.nameServer.misbehave("servfail", name),
    close: async () => server.stop(),
  };
}

resolverSuite("memory", memoryWorld);
resolverSuite("stub, by UDP", () => stubWorld());
resolverSuite("stub, where each CNAME comes alone", () => stubWorld("stepwise"));
resolverSuite("stub, always by TCP", () => stubWorld("truncate"));
resolverSuite("stub, of a server in lower case", () => stubWorld("lowerCase"));
resolverSuite("stub, of a server without EDNS", () => stubWorld("noEdns"));
resolverSuite("stub, among forged answers", () => stubWorld("spoofed"));
