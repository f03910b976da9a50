import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { bunTransport } from "#lib/net/bun-transport";
import { seededRandom } from "#lib/random";
import { DnsServer } from "../../../test/peers/dns-server.ts";
import { isResponseTo, makeQuery } from "./query.ts";
import { socketExchange } from "./socket-exchange.ts";

const exchange = socketExchange({ clock: systemClock, transport: bunTransport(systemClock) });
const query = makeQuery(
  { name: "example.com", type: "A" },
  { random: seededRandom(1), withEdns: true },
);
const waiting = { timeoutMs: 2_000, isAnswer: (bytes: Uint8Array) => isResponseTo(query, bytes) };
const protocols = ["udp", "tcp"] as const;

describe("socketExchange()", () => {
  let server: DnsServer;
  beforeEach(async () => {
    server = await DnsServer.start();
  });
  afterEach(() => server.stop());

  test.each([...protocols])("brings the answer by %s", async (protocol) => {
    const exchanged = await exchange[protocol](server.endpoint, query.bytes, waiting);
    expect(exchanged).toMatchObject({ ok: true });
    expect(server.nameServer.seen).toMatchObject([{ protocol, name: "example.com" }]);
  });

  test.each([...protocols])("hears at once that nobody listens by %s", async (protocol) => {
    server.stop();
    const patient = { ...waiting, timeoutMs: 60_000 };
    const exchanged = await exchange[protocol](server.endpoint, query.bytes, patient);
    expect(exchanged).toMatchObject({ ok: false });
  });

  test("gives up after the timeout", async () => {
    server.nameServer.misbehave("drop");
    const impatient = { ...waiting, timeoutMs: 20 };
    const exchanged = await exchange.udp(server.endpoint, query.bytes, impatient);
    expect(exchanged).toEqual({ ok: false, reason: "timeout" });
  });

  test("leaves out datagrams that answer something else", async () => {
    server.nameServer.misbehave("spoofed");
    const exchanged = await exchange.udp(server.endpoint, query.bytes, waiting);
    expect(exchanged.ok && isResponseTo(query, exchanged.bytes)).toBe(true);
  });

  test("a connection that closes without an answer is a failure", async () => {
    server.nameServer.misbehave("drop");
    const exchanged = await exchange.tcp(server.endpoint, query.bytes, waiting);
    expect(exchanged).toMatchObject({ ok: false });
  });

  test("each query comes from a port of its own", async () => {
    for (let i = 0; i < 20; i++) await exchange.udp(server.endpoint, query.bytes, waiting);
    const ports = new Set(server.nameServer.seen.map(({ port }) => port));
    expect(ports.size).toBeGreaterThan(15);
  });

  test("an address that is none is a failure, not an error", async () => {
    for (const protocol of protocols) {
      const nowhere = { address: "no address", port: 53 };
      const exchanged = await exchange[protocol](nowhere, query.bytes, waiting);
      expect(exchanged).toMatchObject({ ok: false });
    }
  });
});
