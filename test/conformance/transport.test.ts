import { fakeIdentity } from "#lib/net/memory-connection";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { VirtualClock } from "#lib/virtual-clock";
import { type TransportWorld, transportSuite } from "./transport.ts";

const host = "10.0.0.1";
const silentHost = "10.0.0.2";

async function memoryWorld(latencyMs: number): Promise<TransportWorld> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, { latencyMs: () => latencyMs });
  network.blackhole(silentHost);
  return {
    transport: network.transport(host),
    address: host,
    identity: fakeIdentity("mx.example"),
    canVerify: true,
    silent: { address: silentHost, port: 25 },
    wait: async (pending) => {
      let isDone = false;
      const done = () => {
        isDone = true;
      };
      pending.then(done, done);
      await clock.runUntil(() => isDone, { withinMs: 60_000 });
      return await pending;
    },
    close: async () => {},
  };
}

transportSuite("memory", () => memoryWorld(0));
transportSuite("memory with latency", () => memoryWorld(7));
