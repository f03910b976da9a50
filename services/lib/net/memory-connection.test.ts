import { expect, test } from "bun:test";
import { VirtualClock } from "../virtual-clock.ts";
import { fakeIdentity, MemoryConnection } from "./memory-connection.ts";

const a = { address: "10.0.0.1", port: 1 };
const b = { address: "10.0.0.2", port: 2 };

function joined() {
  const clock = new VirtualClock();
  const gone: string[] = [];
  const wire = {
    clock,
    latencyMs: () => 1,
    isCut: () => false,
    gone: (connection: MemoryConnection) => gone.push(connection.local.address),
  };
  const client = new MemoryConnection(wire, a, b);
  const server = new MemoryConnection(wire, b, a);
  MemoryConnection.join(client, server);
  return { clock, client, server, gone };
}

test("what arrives before there is an owner waits for it", async () => {
  const { clock, client, server } = joined();
  client.write(Uint8Array.of(1, 2));
  await clock.advance(5);
  const seen: number[] = [];
  server.attach({ data: (bytes) => seen.push(...bytes), closed() {} });
  expect(seen).toEqual([1, 2]);
});

test("an owner that does not ask for ended() ends in turn, and the network forgets both", async () => {
  const { clock, client, server, gone } = joined();
  const closed: string[] = [];
  client.attach({ data() {}, closed: () => closed.push("client") });
  server.attach({ data() {}, closed: () => closed.push("server") });
  client.end();
  await clock.advance(5);
  expect(closed.toSorted()).toEqual(["client", "server"]);
  expect(gone.toSorted()).toEqual([a.address, b.address]);
});

test.each([
  ["mx.example", true],
  ["other.example", false],
])("the fake certificate of mx.example is verified for %s: %p", async (name, isVerified) => {
  const { clock, client, server } = joined();
  client.attach({ data() {}, closed() {} });
  server.attach({ data() {}, closed() {} });
  const serving = server.serveTls(fakeIdentity("mx.example"));
  const starting = client.startTls(name);
  await clock.advance(5);
  expect((await starting).isVerified).toBe(isVerified);
  expect((await serving).isVerified).toBe(false);
});

test("data that arrived together with the hello comes after the handshake was told", async () => {
  const { clock, client, server } = joined();
  const order: string[] = [];
  client.attach({ data() {}, closed() {} });
  const starting = client.startTls("mx.example");
  client.write(Uint8Array.of(1));
  await clock.advance(5);
  void server.serveTls(fakeIdentity("mx.example")).then(() => order.push("tls"));
  server.attach({ data: () => order.push("data"), closed() {} });
  await clock.advance(5);
  await starting;
  expect(order).toEqual(["tls", "data"]);
});
