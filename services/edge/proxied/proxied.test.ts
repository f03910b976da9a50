/** Connections over a proxy, and those beside it: whose they are, and who is believed. */
import { describe, expect, test } from "bun:test";
import { fakeIdentity } from "#lib/net/memory-connection";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../../test/support/edge/edge-config.ts";
import { codesIn, MemoryEdge } from "../../../test/support/edge/memory-edge.ts";
import { defaultEdgeLimits, type EdgeConfig } from "../config.ts";

const second = 1_000;
const proxy = "10.0.0.9";
const proxyProtocol = { trustedNetworks: ["10.0.0.0/24"] };
const header = (address: string) => `PROXY TCP4 ${address} 192.0.2.25 40000 25\r\n`;

async function start(overrides: Partial<EdgeConfig> = {}): Promise<MemoryEdge> {
  const listeners = [inboundListener({ proxyProtocol })];
  return await MemoryEdge.start(edgeConfig({ listeners, ...overrides }));
}

const refusedWith = (edge: MemoryEdge) =>
  edge.lines.filter(({ event }) => event === "proxy_header_refused").map(({ fields }) => fields);

describe("a connection of a proxy", () => {
  test("is greeted when its header has told whose it is, and that one stands in Received", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    expect(client.take()).toBe("");
    await client.send("PROXY TCP4 203.0.113.");
    expect(client.take()).toBe("");
    await client.send("5 192.0.2.25 40000 25\r\n");
    expect(codesIn(client.take())).toEqual(["220"]);
    await client.say("EHLO x", "MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA");
    expect(await client.codes("Subject: x", "", "x", ".")).toEqual(["250 2.0.0"]);
    expect(edge.intake.lastContent).toContain("[203.0.113.5]");
    expect(edge.intake.lastContent).not.toContain(proxy);
    expect(edge.events.records.map(({ clientAddress }) => clientAddress)).toEqual(["203.0.113.5"]);
  });

  test("counts for its client, not for the proxy", async () => {
    const limits = { ...defaultEdgeLimits, sessionsPerAddressMax: 1 };
    const edge = await start({ limits });
    const greetings = async (address: string) => {
      const client = await edge.connect({ from: proxy });
      await client.send(header(address));
      return codesIn(client.take());
    };
    expect(await greetings("203.0.113.5")).toEqual(["220"]);
    expect(await greetings("203.0.113.6")).toEqual(["220"]);
    expect(await greetings("203.0.113.5")).toEqual(["421 4.7.0"]);
  });

  test("is trusted when its client is, not because the proxy is", async () => {
    const trustedNetworks = ["203.0.113.0/24", "10.0.0.0/24"];
    const edge = await start({
      listeners: [submissionListener({ proxyProtocol, trustedNetworks })],
    });
    const mail = async (begin: string) => {
      const client = await edge.connect({ name: "submission", from: proxy });
      await client.send(begin);
      await client.say("EHLO x");
      return await client.codes("MAIL FROM:<a@example.org>");
    };
    expect(await mail(header("203.0.113.5"))).toEqual(["250 2.1.0"]);
    expect(await mail(header("198.51.100.7"))).toEqual(["530 5.7.0"]);
  });

  test("is the proxy's own when its header says no more", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await client.send("PROXY UNKNOWN\r\n");
    expect(codesIn(client.take())).toEqual(["220"]);
    expect(edge.lines.find(({ event }) => event === "session_opened")?.fields).toMatchObject({
      client: proxy,
    });
  });

  test("serves what its client sent in the same segment", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await client.send(`${header("203.0.113.5")}QUIT\r\n`);
    expect(codesIn(client.take())).toEqual(["220", "221 2.0.0"]);
  });

  test("begins TLS behind its header", async () => {
    const identity = fakeIdentity("edge.example");
    const listeners = [inboundListener({ proxyProtocol, tls: { implicit: true } })];
    const edge = await start({ listeners, identity });
    const client = await edge.connect({ from: proxy });
    await client.send(header("203.0.113.5"));
    expect((await client.startTls("edge.example")).isVerified).toBe(true);
    await edge.clock.advance(0);
    expect(codesIn(client.take())).toEqual(["220"]);
  });

  test.each([
    ["sends none", "EHLO client.example\r\n", "it does not begin like one"],
    ["sends a wrong one", "PROXY TCP4 x y 1 2\r\n", "an address is wrong"],
  ])("that %s is closed without a word, and the log says why", async (_, begin, reason) => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await client.send(begin);
    expect([client.take(), client.isClosed, edge.edge.sessions]).toEqual(["", true, 0]);
    expect(refusedWith(edge)).toEqual([{ address: proxy, listener: "inbound", reason }]);
  });

  test("that says nothing is closed after 5 s", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await edge.clock.advance(4 * second);
    expect(client.isClosed).toBe(false);
    await edge.clock.advance(3 * second);
    expect(client.isClosed).toBe(true);
    expect(refusedWith(edge)).toMatchObject([{ reason: "none came in time" }]);
  });

  test("that only looks whether somebody listens is no fault", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await client.end();
    expect([client.isClosed, edge.network.connectionCount]).toEqual([true, 0]);
    expect(refusedWith(edge)).toEqual([]);
  });

  test("takes a place while it has not told whose it is, and gives it back", async () => {
    const edge = await start({ limits: { ...defaultEdgeLimits, sessionsMax: 2 } });
    const silent = [await edge.connect({ from: proxy }), await edge.connect({ from: proxy })];
    const third = await edge.connect({ from: proxy });
    expect(codesIn(third.take())).toEqual(["421 4.3.2"]);
    for (const client of silent) await client.end();
    const fourth = await edge.connect({ from: proxy });
    await fourth.send(header("203.0.113.5"));
    expect(codesIn(fourth.take())).toEqual(["220"]);
  });

  test("gives that place back when it has told, too, and has the time that sessions have", async () => {
    const edge = await start({ limits: { ...defaultEdgeLimits, sessionsMax: 2 } });
    const one = await edge.connect({ from: proxy });
    await one.send(header("203.0.113.5"));
    const other = await edge.connect({ from: proxy });
    await other.send(header("203.0.113.6"));
    expect(codesIn(other.take())).toEqual(["220"]);
    await edge.clock.advance(8 * second);
    expect(await one.codes("NOOP")).toEqual(["220", "250 2.0.0"]);
  });

  test("that has not told whose it is does not hold up a stop", async () => {
    const edge = await start();
    const client = await edge.connect({ from: proxy });
    await edge.edge.stop();
    await edge.clock.advance(0);
    expect(client.isClosed).toBe(true);
  });
});

describe("a connection from elsewhere", () => {
  test("is its client's own, greeted at once", async () => {
    const edge = await start();
    const client = await edge.connect({ from: "198.51.100.7" });
    expect(codesIn(client.take())).toEqual(["220"]);
    expect(await client.codes("EHLO client.example")).toEqual(["250"]);
  });

  test.each([
    ["version 1", [header("203.0.113.5")]],
    ["version 2", ["\r\n\r\n\0\r\nQUIT\n"]],
    ["byte by byte", [..."PROXY "]],
  ])("is closed at a header: %s", async (_, pieces) => {
    const edge = await start();
    const client = await edge.connect({ from: "198.51.100.7" });
    client.take();
    for (const piece of pieces) await client.send(piece);
    expect([client.take(), client.isClosed, edge.edge.sessions]).toEqual(["", true, 0]);
    const reason = "it came from outside proxyProtocol.trustedNetworks";
    expect(refusedWith(edge)).toMatchObject([{ address: "198.51.100.7", reason }]);
  });

  test("may say what only begins like one, and all of it is heard", async () => {
    const edge = await start();
    const client = await edge.connect({ from: "198.51.100.7" });
    client.take();
    await client.send("\r\n");
    expect(client.take()).toBe("");
    expect(await client.codes("", "EHLO client.example")).toEqual([
      "500 5.5.1",
      "500 5.5.1",
      "250",
    ]);
    expect(await client.codes("NOOP")).toEqual(["250 2.0.0"]);
  });

  test("is heard to its end, though that might begin one", async () => {
    const edge = await start();
    const client = await edge.connect({ from: "198.51.100.7" });
    client.take();
    await client.send("\r\n");
    await client.end();
    expect(codesIn(client.take())).toEqual(["500 5.5.1"]);
  });
});

describe.each([
  ["over a proxy", proxy, header("203.0.113.5")],
  ["beside the proxies", "198.51.100.7", ""],
])("a session %s", (_, from, begin) => {
  async function session() {
    const edge = await start();
    const client = await edge.connect({ from });
    if (begin !== "") await client.send(begin);
    expect(codesIn(client.take())).toEqual(["220"]);
    return { edge, client };
  }

  test("ends when its client closes", async () => {
    const { edge, client } = await session();
    await client.end();
    expect([edge.edge.sessions, edge.network.connectionCount]).toEqual([0, 0]);
  });

  test("ends when its client is gone", async () => {
    const { edge, client } = await session();
    expect(edge.edge.sessions).toBe(1);
    client.connection.destroy();
    await edge.clock.advance(0);
    expect(edge.edge.sessions).toBe(0);
  });

  test("goes on when its client, who did not read, reads again", async () => {
    const { edge, client } = await session();
    client.connection.pause();
    const noops = "NOOP\r\n".repeat(2_000);
    let sent = 0;
    for (let unsent = 0; unsent === 0; sent += 2_000) {
      unsent = client.connection.write(new TextEncoder().encode(noops));
      await edge.clock.advance(0);
    }
    client.connection.resume();
    await edge.clock.advance(0);
    expect(codesIn(client.take())).toHaveLength(sent);
  });
});

test("without proxyProtocol a header is a command that nobody knows", async () => {
  const edge = await MemoryEdge.start(edgeConfig());
  const client = await edge.connect({ from: proxy });
  client.take();
  expect((await client.codes(header("203.0.113.5").trimEnd()))[0]).toStartWith("500");
});

test("a reload changes who is a proxy", async () => {
  const edge = await start();
  edge.edge.reload(edgeConfig({ listeners: [inboundListener()] }));
  expect(codesIn((await edge.connect({ from: proxy })).take())).toEqual(["220"]);
  edge.edge.reload(edgeConfig({ listeners: [inboundListener({ proxyProtocol })] }));
  expect((await edge.connect({ from: proxy })).take()).toBe("");
});
