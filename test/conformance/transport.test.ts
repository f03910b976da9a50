import { generate } from "selfsigned";
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import { fakeIdentity } from "#lib/net/memory-connection";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { TlsIdentity } from "#lib/net/transport";
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

async function makeIdentity(name: string): Promise<TlsIdentity> {
  const pair = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }],
  });
  return { certificate: pair.cert, privateKey: pair.private };
}

const selfSigned = makeIdentity("mx.example");

async function loopbackWorld(): Promise<TransportWorld> {
  const identity = await selfSigned;
  return {
    transport: bunTransport(systemClock, { authorities: identity.certificate }),
    address: "127.0.0.1",
    identity,
    canVerify: true,
    // No `silent`: loopback answers for each of its addresses.
    wait: (pending) => pending,
    close: async () => {},
  };
}

transportSuite("memory", () => memoryWorld(0));
transportSuite("memory with latency", () => memoryWorld(7));
transportSuite("sockets on loopback", loopbackWorld);
