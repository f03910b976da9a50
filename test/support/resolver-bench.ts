/** A stub resolver with its name servers in memory, on a clock that is told when to go on. */
import { StubResolver, type StubResolverOptions } from "#lib/dns/stub-resolver";
import { seededRandom } from "#lib/random";
import { VirtualClock } from "#lib/virtual-clock";
import { NameServer } from "../peers/name-server.ts";
import { type MemoryExchangeOptions, memoryExchange } from "./memory-exchange.ts";

type Options = Partial<StubResolverOptions> & Partial<MemoryExchangeOptions>;

export class ResolverBench {
  readonly clock = new VirtualClock();
  readonly servers = new Map<string, NameServer>();
  readonly resolver: StubResolver;

  /** One name server at each address. */
  constructor(addresses: readonly string[] = ["ns1"], options: Options = {}) {
    for (const address of addresses) this.servers.set(address, new NameServer());
    const { clock, servers } = this;
    this.resolver = new StubResolver(
      { servers: addresses.map((address) => ({ address, port: 53 })), ...options },
      {
        exchange: memoryExchange({ clock, servers, ...options }),
        clock,
        random: seededRandom(5),
      },
    );
  }

  at(address: string): NameServer {
    const server = this.servers.get(address);
    if (server === undefined) throw new Error(`No name server ${address}`);
    return server;
  }

  get first(): NameServer {
    return this.at("ns1");
  }

  /** Awaits, letting time pass; tells how much. */
  async wait<T>(pending: Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
    const startedAt = this.clock.monotonic();
    let isDone = false;
    void pending.finally(() => {
      isDone = true;
    });
    await this.clock.runUntil(() => isDone, { withinMs: 3_600_000 });
    return { result: await pending, tookMs: this.clock.monotonic() - startedAt };
  }

  async ask(name = "example.com") {
    return (await this.wait(this.resolver.a(name))).result;
  }
}
