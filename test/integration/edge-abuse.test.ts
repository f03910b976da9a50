/**
 * Clients that misbehave on real sockets: the right reply or a closed connection, and nobody else
 * notices.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { TlsIdentity } from "#lib/net/transport";
import { defaultEdgeLimits } from "../../services/edge/config.ts";
import { makeIdentity } from "../../services/edge/identity.ts";
import { edgeConfig, inboundListener } from "../support/edge/edge-config.ts";
import { RunningEdge } from "../support/edge/running-edge.ts";
import { RawPeer } from "../support/raw-peer.ts";

const mebibyte = 1024 * 1024;
const messageSizeMax = 256 * 1024;
const limits = { messageSizeMax, recipientsMax: 100, errorDelayMs: 1 };

let identity: TlsIdentity;
let running: RunningEdge;
/** Was there before the abuse and must still be served after it. */
let neighbour: RawPeer;

beforeAll(async () => {
  identity = await makeIdentity("edge.example");
});

beforeEach(async () => {
  running = await RunningEdge.start(
    edgeConfig({
      identity,
      listeners: [
        inboundListener({ limits }),
        inboundListener({ name: "implicit", tls: { implicit: true }, limits }),
      ],
    }),
  );
  neighbour = await running.peer();
});

afterEach(async () => {
  await neighbour.say("EHLO neighbour.example");
  const mailed = await neighbour.say("MAIL FROM:<n@client.example>");
  neighbour.destroy();
  await running.edge.stop();
  expect(mailed).toStartWith("250 ");
});

async function inTransaction(): Promise<RawPeer> {
  const peer = await running.peer();
  await peer.say("EHLO client.example");
  await peer.say("MAIL FROM:<a@client.example>");
  await peer.say("RCPT TO:<b@local.example>");
  return peer;
}

describe("the edge bears", () => {
  test("a command line of 1 MB", async () => {
    const peer = await running.peer();
    await peer.sendAll("X".repeat(mebibyte));
    peer.send("\r\n");
    expect(await peer.reply()).toMatch(/^(500|421) /);
    peer.destroy();
  });

  test("NULs", async () => {
    const peer = await running.peer();
    peer.send(new Uint8Array(4_096));
    peer.send("\r\n");
    expect(await peer.reply()).toMatch(/^(500|501|421) /);
    peer.destroy();
  });

  test("a DATA that goes on beyond the size limit", async () => {
    const peer = await inTransaction();
    await peer.say("DATA");
    const chunk = `${"x".repeat(76)}\r\n`.repeat(1_000);
    const before = process.memoryUsage().rss;
    for (let sent = 0; sent < 64 * mebibyte && !peer.isClosed; sent += chunk.length) {
      await peer.sendAll(chunk);
    }
    // What is garbage already does not count: on a busy machine it is collected late.
    Bun.gc(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte);
    peer.send(".\r\n");
    expect(await peer.reply()).toMatch(/^(552 5\.3\.4|421) /);
    peer.destroy();
  });

  test("10,000 RCPTs: the first ones count, the rest may come again", async () => {
    const peer = await running.peer();
    await peer.say("EHLO client.example");
    await peer.say("MAIL FROM:<a@client.example>");
    const codes = new Map<string, number>();
    for (let batch = 0; batch < 100 && !peer.isClosed; batch++) {
      const lines = Array.from({ length: 100 }, (_, i) => `RCPT TO:<r${batch}.${i}@local.example>`);
      peer.send(`${lines.join("\r\n")}\r\n`);
      for (let i = 0; i < 100 && !peer.isClosed; i++) {
        const code = (await peer.reply()).slice(0, 3);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }
    expect(codes.get("250")).toBe(100);
    expect([...codes.keys()].every((code) => ["250", "452", "421", ""].includes(code))).toBe(true);
    peer.destroy();
  });

  test("a half-closed socket: what was sent is answered, then it closes", async () => {
    const peer = await inTransaction();
    await peer.say("DATA");
    peer.send("Subject: x\r\n\r\nlast words\r\n.\r\n");
    peer.halfClose();
    expect(await peer.reply()).toStartWith("250 ");
    await peer.closed();
    expect(running.intake.accepted.length).toBe(1);
  });

  test("a half-closed socket in the middle of the content: nothing is taken", async () => {
    const peer = await inTransaction();
    await peer.say("DATA");
    peer.send("Subject: x\r\n\r\nlast wo");
    peer.halfClose();
    await peer.closed();
    expect(running.intake.accepted.length).toBe(0);
  });

  test("garbage where a TLS handshake should be", async () => {
    const peer = await RawPeer.connect(running.at("implicit"));
    peer.send("EHLO client.example\r\n".repeat(10));
    await peer.closed();
    expect(peer.received).not.toContain("220");
  });

  test("garbage after STARTTLS", async () => {
    const peer = await running.peer();
    await peer.say("EHLO client.example");
    expect(await peer.say("STARTTLS")).toStartWith("220 ");
    peer.send("MAIL FROM:<a@client.example>\r\n".repeat(10));
    await peer.closed();
    expect(peer.received).not.toContain("250");
  });

  test("commands pipelined behind STARTTLS: they never count (RFC 3207 §4.2)", async () => {
    const peer = await running.peer();
    await peer.say("EHLO client.example");
    peer.send("STARTTLS\r\nMAIL FROM:<injected@client.example>\r\n");
    await peer.reply();
    peer.halfClose();
    await peer.closed();
    expect(peer.received).not.toContain("250");
  });

  test("a client that reads nothing: it is not read from either", async () => {
    const peer = await running.peer();
    await peer.say("EHLO client.example");
    peer.pause();
    const chunk = "NOOP\r\n".repeat(10_000);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 100; i++) peer.send(chunk);
    await neighbour.say("NOOP");
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte);
    peer.destroy();
  });

  test("a client that sends byte by byte", async () => {
    const peer = await running.peer();
    for (const byte of "EHLO client.example\r\n") await peer.sendAll(byte);
    expect(await peer.reply()).toStartWith("250-");
    peer.destroy();
  });

  test("a reset in the middle of the content", async () => {
    const peer = await inTransaction();
    await peer.say("DATA");
    peer.send("x".repeat(100_000));
    peer.destroy();
    expect(await neighbour.say("NOOP")).toStartWith("250 ");
    expect(running.intake.accepted.length).toBe(0);
  });
});

describe("beyond its limits the edge says 421", () => {
  test("to all but a hundred of 1,000 connections from one address", async () => {
    await using flooded = await RunningEdge.start(edgeConfig());
    const peers = await Promise.all(
      Array.from({ length: 1_000 }, () => RawPeer.connect(flooded.at())),
    );
    const replies = await Promise.all(peers.map((peer) => peer.reply()));
    expect(replies.filter((reply) => reply.startsWith("220 ")).length).toBe(100);
    expect(replies.filter((reply) => reply.startsWith("421 4.7.0 ")).length).toBe(900);
    for (const peer of peers) peer.destroy();
  });

  test("beyond three of one address when so told, and serves again when one left", async () => {
    const edgeLimits = { ...defaultEdgeLimits, sessionsPerAddressMax: 3 };
    await using small = await RunningEdge.start(edgeConfig({ limits: edgeLimits }));
    const peers = await Promise.all([small.peer(), small.peer(), small.peer()]);
    const tooMany = await RawPeer.connect(small.at());
    expect(await tooMany.reply()).toStartWith("421 4.7.0 ");
    await tooMany.closed();
    const [first] = peers;
    await first?.say("QUIT");
    await first?.closed();
    const again = await RawPeer.connect(small.at());
    expect(await again.reply()).toStartWith("220 ");
  });
});
