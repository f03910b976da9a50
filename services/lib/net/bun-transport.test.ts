/** What only real sockets have; what every transport does is in test/conformance. */
import { expect, test } from "bun:test";
import { failureOf } from "../../../test/support/failure.ts";
import { makeIdentity } from "../../edge/identity.ts";
import { systemClock } from "../clock.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { bunTransport } from "./bun-transport.ts";
import type { Connection, ConnectionHandler } from "./transport.ts";

const anyPort = { address: "127.0.0.1", port: 0 };
const silent: ConnectionHandler = { data() {}, closed() {} };

test("a connection comes from the local address asked for", async () => {
  const transport = bunTransport(systemClock);
  const accepted = Promise.withResolvers<Connection>();
  const listener = await transport.listen(anyPort, (connection) => {
    accepted.resolve(connection);
    return silent;
  });
  const options = { timeoutMs: 5_000, localAddress: "127.0.0.2" };
  const client = await transport.connect(listener.local, options, () => silent);
  expect((await accepted.promise).remote.address).toBe("127.0.0.2");
  expect(client.local.address).toBe("127.0.0.2");
  client.destroy();
  await listener.stop();
});

test("a local address that is not ours makes the connection fail with that reason", async () => {
  const transport = bunTransport(systemClock);
  const listener = await transport.listen(anyPort, () => silent);
  const options = { timeoutMs: 5_000, localAddress: "192.0.2.7" };
  const connecting = transport.connect(listener.local, options, () => silent);
  expect(String(await failureOf(connecting))).toContain("the local address is not available");
  await listener.stop();
});

test("an IPv4 client of an IPv6 listener is seen with its IPv4 address", async () => {
  const transport = bunTransport(systemClock);
  const accepted = Promise.withResolvers<Connection>();
  const listener = await transport.listen({ address: "::", port: 0 }, (connection) => {
    accepted.resolve(connection);
    return silent;
  });
  const to = { address: "127.0.0.1", port: listener.local.port };
  const client = await transport.connect(to, { timeoutMs: 5_000 }, () => silent);
  expect((await accepted.promise).remote.address).toBe("127.0.0.1");
  expect((await accepted.promise).local.address).toBe("127.0.0.1");
  client.destroy();
  await listener.stop();
});

test("a peer that does not close after our end is dropped in the end", async () => {
  const clock = new VirtualClock();
  const transport = bunTransport(clock);
  const served = Promise.withResolvers<void>();
  const listener = await transport.listen(anyPort, (connection) => {
    connection.end();
    return { data() {}, closed: () => served.resolve() };
  });
  // Asks for `ended`, and so is not ended in turn.
  const ended = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const stubborn = { data() {}, ended: () => ended.resolve(), closed: () => gone.resolve() };
  await transport.connect(listener.local, { timeoutMs: 5_000 }, () => stubborn);
  await ended.promise;
  await clock.advance(32_000);
  await Promise.all([served.promise, gone.promise]);
  await listener.stop();
});

test("an identity that is none makes the handshake fail, not the process", async () => {
  const transport = bunTransport(systemClock);
  const refused = Promise.withResolvers<unknown>();
  const listener = await transport.listen(anyPort, (connection) => {
    connection.serveTls({ certificate: "none", privateKey: "none" }).catch(refused.resolve);
    return silent;
  });
  const client = await transport.connect(listener.local, { timeoutMs: 5_000 }, () => silent);
  expect(await refused.promise).toBeInstanceOf(Error);
  client.destroy();
  await listener.stop();
});

test.each(["mx.example", "other.example", "127.0.0.1"])(
  "a certificate from nobody known does for %s, and that it was not verified is told",
  async (name) => {
    const identity = await makeIdentity("mx.example");
    const transport = bunTransport(systemClock);
    const listener = await transport.listen(anyPort, (connection) => {
      connection.serveTls(identity).catch(() => connection.destroy());
      return silent;
    });
    const client = await transport.connect(listener.local, { timeoutMs: 5_000 }, () => silent);
    const { isVerified, verifyError, protocol } = await client.startTls(name);
    expect([isVerified, typeof verifyError, protocol]).toEqual([false, "string", "TLSv1.3"]);
    client.destroy();
    await listener.stop();
  },
);
