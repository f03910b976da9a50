/** The edge as a whole: who is let in, how it stops, what a reload changes. */
import { describe, expect, test } from "bun:test";
import { fakeIdentity } from "#lib/net/memory-connection";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../test/support/edge/edge-config.ts";
import { codesIn, type MemoryClient, MemoryEdge } from "../../test/support/edge/memory-edge.ts";
import { defaultEdgeLimits, type UserConfig } from "./config.ts";

const second = 1_000;

async function inData(edge: MemoryEdge): Promise<MemoryClient> {
  const client = await edge.client();
  await client.say("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA");
  return client;
}

describe("beyond its limits the edge", () => {
  test("says 421 4.7.0 to all but a hundred of 1,000 connections from one address", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const greeted: string[] = [];
    for (let i = 0; i < 1_000; i++) greeted.push(...codesIn((await edge.connect()).take()));
    expect(greeted.filter((code) => code === "220").length).toBe(100);
    expect(greeted.filter((code) => code === "421 4.7.0").length).toBe(900);
    expect(edge.edge.sessions).toBe(100);
    const other = await edge.connect({ from: "198.51.100.8" });
    expect(codesIn(other.take())).toEqual(["220"]);
  });

  test("says 421 4.3.2 when all sessions are taken, and serves again when one is given back", async () => {
    const limits = { ...defaultEdgeLimits, sessionsMax: 3 };
    const edge = await MemoryEdge.start(edgeConfig({ limits }));
    const clients = [await edge.client(), await edge.client(), await edge.client()];
    const tooMany = await edge.connect();
    expect(codesIn(tooMany.take())).toEqual(["421 4.3.2"]);
    expect(tooMany.hasEnded).toBe(true);
    await clients[0]?.say("QUIT");
    await clients[0]?.end();
    expect(codesIn((await edge.connect()).take())).toEqual(["220"]);
  });

  test("drops a connection that does not take its leave after the 421", async () => {
    const limits = { ...defaultEdgeLimits, sessionsMax: 0 };
    const edge = await MemoryEdge.start(edgeConfig({ limits }));
    await edge.connect();
    expect(edge.network.connectionCount).toBe(1);
    await edge.clock.advance(12 * second);
    expect(edge.network.connectionCount).toBe(0);
  });

  test("says nothing in clear to who waits for TLS", async () => {
    const limits = { ...defaultEdgeLimits, sessionsMax: 0 };
    const listeners = [inboundListener({ tls: { implicit: true } })];
    const edge = await MemoryEdge.start(edgeConfig({ limits, listeners }));
    const client = await edge.connect();
    expect([client.take(), client.isClosed]).toEqual(["", true]);
  });
});

describe("a handshake", () => {
  test("comes before the greeting under implicit TLS", async () => {
    const listeners = [inboundListener({ tls: { implicit: true } })];
    const identity = fakeIdentity("edge.example");
    const edge = await MemoryEdge.start(edgeConfig({ listeners, identity }));
    const client = await edge.connect();
    expect(client.take()).toBe("");
    expect((await client.startTls("edge.example")).isVerified).toBe(true);
    await edge.clock.advance(0);
    expect(codesIn(client.take())).toEqual(["220"]);
  });

  test("that does not come within 30 s ends the session", async () => {
    const listeners = [inboundListener({ tls: { implicit: true } })];
    const edge = await MemoryEdge.start(edgeConfig({ listeners }));
    const silent = await edge.connect();
    await edge.clock.advance(32 * second);
    expect([silent.take(), silent.isClosed, edge.edge.sessions]).toEqual(["", true, 0]);
  });
});

describe("stop()", () => {
  test("says 421 to who idles, lets a transaction finish, and resolves when all are gone", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const idle = await edge.client();
    const busy = await inData(edge);
    let isStopped = false;
    const stopping = edge.edge.stop().then(() => {
      isStopped = true;
    });
    await edge.clock.advance(second);
    expect(codesIn(idle.take())).toEqual(["421 4.3.2"]);
    await idle.end();
    expect(isStopped).toBe(false);
    expect(await busy.codes("Subject: x", "", "x", ".")).toEqual(["250 2.0.0", "421 4.3.2"]);
    await busy.end();
    await stopping;
    expect(edge.intake.accepted.length).toBe(1);
  });

  test("ends what is not done after 30 s, without a 250", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const busy = await inData(edge);
    const stopping = edge.edge.stop();
    await edge.clock.advance(29 * second);
    expect(busy.isClosed).toBe(false);
    await edge.clock.advance(2 * second);
    await stopping;
    expect(busy.isClosed).toBe(true);
    expect(edge.intake.accepted).toEqual([]);
  });

  test("before start() and twice is harmless", async () => {
    const edge = new MemoryEdge(edgeConfig());
    await edge.edge.stop();
    await edge.edge.stop();
    await edge.edge.start();
    expect(edge.edge.listening).toEqual([]);
  });
});

test("start() listens everywhere or nowhere", async () => {
  const listeners = [
    inboundListener({ port: 25 }),
    inboundListener({ name: "again", port: 26 }),
    inboundListener({ name: "taken", port: 25 }),
  ];
  const edge = new MemoryEdge(edgeConfig({ listeners }));
  const failure = await edge.edge.start().then(() => undefined, String);
  expect(failure).toContain("port 25: EADDRINUSE");
  const again = new MemoryEdge(edgeConfig({ listeners: listeners.slice(0, 2) }));
  await again.edge.start();
  expect(again.edge.listening.map(({ at }) => at.port)).toEqual([25, 26]);
});

describe("reload()", () => {
  const alice: UserConfig = { name: "alice", passwordHash: "wonderland" };
  const bob: UserConfig = { name: "bob", passwordHash: "builder" };
  const auth = ({ name, passwordHash }: UserConfig) =>
    `AUTH PLAIN ${Buffer.from(`\0${name}\0${passwordHash}`).toString("base64")}`;
  const rcpt = (path: string) => ["MAIL FROM:<a@client.example>", `RCPT TO:<${path}>`, "RSET"];

  const before = edgeConfig({
    users: [alice],
    identity: fakeIdentity("old.example"),
    listeners: [
      inboundListener(),
      submissionListener({ auth: "always", trustedNetworks: ["198.51.100.7/32"] }),
    ],
  });
  const after = edgeConfig({
    users: [bob],
    identity: fakeIdentity("new.example"),
    listeners: [
      inboundListener({ localDomains: ["new.example"] }),
      submissionListener({ auth: "always", trustedNetworks: ["198.51.100.8/32"] }),
    ],
  });

  test("changes certificate, users, domains and networks, for running sessions as well", async () => {
    const edge = await MemoryEdge.start(before);
    const inbound = await edge.client();
    const secured = await edge.client();
    const submission = await edge.client({ name: "submission", from: "198.51.100.9" });
    expect(await inbound.codes(...rcpt("b@local.example"))).toContain("250 2.1.5");

    edge.edge.reload(after);
    expect(await inbound.codes(...rcpt("b@local.example"))).toContain("550 5.7.1");
    expect(await inbound.codes(...rcpt("b@new.example"))).toContain("250 2.1.5");
    await secured.say("STARTTLS");
    expect((await secured.startTls("new.example")).isVerified).toBe(true);
    expect(await submission.codes(auth(alice))).toEqual(["535 5.7.8"]);
    expect(await submission.codes(auth(bob))).toEqual(["235 2.7.0"]);
    const mail = "MAIL FROM:<a@client.example>";
    const old = await edge.client({ name: "submission", from: "198.51.100.7" });
    expect(await old.codes(mail)).toEqual(["530 5.7.0"]);
    const trusted = await edge.client({ name: "submission", from: "198.51.100.8" });
    expect(await trusted.codes(mail)).toEqual(["250 2.1.0"]);
  });

  test("says that another place needs a restart, and leaves the listener as it was", async () => {
    const edge = await MemoryEdge.start(before);
    edge.edge.reload(edgeConfig({ listeners: [inboundListener({ port: 2_525 })] }));
    const restarts = edge.lines.filter(({ event }) => event === "reload_needs_restart");
    expect(restarts.map(({ fields }) => fields.listener)).toEqual(["inbound", "submission"]);
    const client = await edge.client();
    expect(await client.codes(...rcpt("b@local.example"))).toContain("250 2.1.5");
  });

  test("says so of a listener that is new", async () => {
    const edge = await MemoryEdge.start(before);
    const added = inboundListener({ name: "added", port: 2_525 });
    edge.edge.reload({ ...before, listeners: [...before.listeners, added] });
    const restarts = edge.lines.filter(({ event }) => event === "reload_needs_restart");
    expect(restarts.map(({ fields }) => fields.listener)).toEqual(["added"]);
  });

  test("changes how many sessions there may be", async () => {
    const edge = await MemoryEdge.start(before);
    await edge.client();
    edge.edge.reload({ ...before, limits: { ...before.limits, sessionsMax: 1 } });
    const tooMany = await edge.connect();
    expect(codesIn(tooMany.take())).toEqual(["421 4.3.2"]);
  });
});
