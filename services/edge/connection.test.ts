/** One client's connection: time, back-pressure, and what happens when either side gives up. */
import { describe, expect, test } from "bun:test";
import {
  edgeConfig,
  inboundListener,
  submissionListener,
} from "../../test/support/edge/edge-config.ts";
import { codesIn, type MemoryClient, MemoryEdge } from "../../test/support/edge/memory-edge.ts";
import { defaultEdgeLimits } from "./config.ts";

const second = 1_000;
const minute = 60 * second;
const idleMs = 5 * minute;

async function inTransaction(edge: MemoryEdge): Promise<MemoryClient> {
  const client = await edge.client();
  await client.say("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>");
  return client;
}

async function inData(edge: MemoryEdge): Promise<MemoryClient> {
  const client = await inTransaction(edge);
  await client.say("DATA");
  return client;
}

describe("a silent client", () => {
  test("is told 421 4.4.2 after five minutes, and not before (RFC 5321 §4.5.3.2.7)", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await edge.client();
    await edge.clock.advance(idleMs - 2 * second);
    expect(await client.codes("NOOP")).toEqual(["250 2.0.0"]);
    await edge.clock.advance(idleMs - 2 * second);
    expect(client.take()).toBe("");
    await edge.clock.advance(4 * second);
    expect(codesIn(client.take())).toEqual(["421 4.4.2"]);
    expect(client.hasEnded).toBe(true);
    await client.end();
    expect(edge.edge.sessions).toBe(0);
  });

  test("is told so in the middle of its content, too, and nothing is taken", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await inData(edge);
    await client.send("Subject: x\r\n\r\nhalf a mess");
    await edge.clock.advance(idleMs + 2 * second);
    expect(codesIn(client.take())).toEqual(["421 4.4.2"]);
    expect(edge.intake.accepted).toEqual([]);
  });

  test("has less time when nearly all sessions are taken", async () => {
    const limits = { ...defaultEdgeLimits, sessionsMax: 2, stressedShare: 0.5 };
    const edge = await MemoryEdge.start(edgeConfig({ limits }));
    const clients = [await edge.client(), await edge.client()];
    await edge.clock.advance(12 * second);
    expect(clients.map((client) => codesIn(client.take()))).toEqual([["421 4.4.2"], ["421 4.4.2"]]);
  });

  test("that keeps its side open is dropped ten seconds after the 421", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await edge.client();
    await edge.clock.advance(idleMs + 2 * second);
    // Its own end stays open, as that of a host which was switched off.
    edge.network.blackhole("198.51.100.7");
    await edge.clock.advance(12 * second);
    expect(edge.edge.sessions).toBe(0);
    expect(client.isClosed).toBe(false);
  });
});

describe("a client that only just moves", () => {
  test("is told 421 when its octets make no whole command in time", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await edge.client();
    for (let i = 0; i < 6; i++) {
      await client.send("N");
      await edge.clock.advance(minute);
    }
    expect(codesIn(client.take())).toEqual(["421 4.4.2"]);
  });

  test("is told 421 when its content trickles in", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await inData(edge);
    for (let i = 0; i < 6; i++) {
      await client.send("x\r\n");
      await edge.clock.advance(minute);
    }
    expect(codesIn(client.take())).toEqual(["421 4.4.2"]);
  });

  test("may take an hour for its content when it is a slow line", async () => {
    const edge = await MemoryEdge.start(edgeConfig());
    const client = await inData(edge);
    const line = `${"x".repeat(500)}\r\n`;
    for (let i = 0; i < 60; i++) {
      await client.send(line);
      await edge.clock.advance(minute);
    }
    expect(await client.codes(".")).toEqual(["250 2.0.0"]);
  });
});

describe("while the queue has not answered", () => {
  function slowQueue() {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const faults = { before: () => answered, after: () => Promise.resolve() };
    return { faults, answer };
  }

  test("the session waits without a limit of its own, and no reply goes out", async () => {
    const { faults, answer } = slowQueue();
    const edge = await MemoryEdge.start(edgeConfig(), { faults });
    const client = await inData(edge);
    expect(await client.say("Subject: x", "", "x", ".")).toBe("");
    await edge.clock.advance(2 * idleMs);
    expect(client.take()).toBe("");
    answer();
    await edge.clock.advance(0);
    expect(codesIn(client.take())).toEqual(["250 2.0.0"]);
  });

  test("a client that is gone does not lose its message", async () => {
    const { faults, answer } = slowQueue();
    const edge = await MemoryEdge.start(edgeConfig(), { faults });
    const client = await inData(edge);
    await client.say("Subject: x", "", "x", ".");
    client.connection.destroy();
    await edge.clock.advance(0);
    expect(edge.edge.sessions).toBe(0);
    answer();
    await edge.intake.until(1);
  });

  test("a client that has sent its FIN is answered, then the connection ends", async () => {
    const { faults, answer } = slowQueue();
    const edge = await MemoryEdge.start(edgeConfig(), { faults });
    const client = await inData(edge);
    await client.say("Subject: x", "", "x", ".");
    await client.end();
    expect(edge.edge.sessions).toBe(1);
    answer();
    await edge.clock.advance(0);
    expect(codesIn(client.take())).toEqual(["250 2.0.0"]);
    expect(edge.edge.sessions).toBe(0);
  });

  test("no more is read than may be pipelined", async () => {
    const { faults, answer } = slowQueue();
    const edge = await MemoryEdge.start(edgeConfig(), { faults });
    const client = await inData(edge);
    const noops = "NOOP\r\n".repeat(2_000);
    await client.send(`x\r\n.\r\n${noops}`);
    let unsent = 0;
    for (let i = 0; i < 100; i++) {
      unsent = client.connection.write(new TextEncoder().encode(noops));
      await edge.clock.advance(0);
    }
    expect(unsent).toBeGreaterThan(500_000);
    answer();
    await edge.clock.advance(0);
    expect(codesIn(client.take()).length).toBe(1 + 101 * 2_000);
  });
});

describe("a client that makes errors", () => {
  const limits = { errorsSoftMax: 2, errorsHardMax: 4, errorDelayMs: second };

  test("waits for each reply beyond the soft limit, and is told 421 at the hard one", async () => {
    const edge = await MemoryEdge.start(edgeConfig({ listeners: [inboundListener({ limits })] }));
    const client = await edge.client();
    expect(await client.codes("WHAT", "WHAT")).toEqual(["500 5.5.1", "500 5.5.1"]);
    expect(await client.codes("WHAT")).toEqual([]);
    expect(await client.codes("NOOP")).toEqual([]);
    await edge.clock.advance(second);
    expect(codesIn(client.take())).toEqual(["500 5.5.1", "250 2.0.0"]);
    expect(await client.codes("WHAT")).toEqual(["500 5.5.1", "421 4.7.0"]);
    expect(client.hasEnded).toBe(true);
  });

  test("makes one with each wrong password", async () => {
    const auth = { auth: "always" as const, trustedNetworks: [], limits };
    const config = edgeConfig({
      listeners: [submissionListener(auth)],
      users: [{ name: "alice", passwordHash: "wonderland" }],
    });
    const edge = await MemoryEdge.start(config);
    const client = await edge.client({ name: "submission" });
    const guess = (password: string) =>
      client.codes(`AUTH PLAIN ${Buffer.from(`\0alice\0${password}`).toString("base64")}`);
    expect(await guess("a")).toEqual(["535 5.7.8"]);
    expect(await guess("b")).toEqual(["535 5.7.8"]);
    expect(await guess("c")).toEqual([]);
    await edge.clock.advance(second);
    expect(codesIn(client.take())).toEqual(["535 5.7.8"]);
    expect(await guess("d")).toEqual(["535 5.7.8", "421 4.7.0"]);
  });

  test("who leaves during the pause is forgotten", async () => {
    const edge = await MemoryEdge.start(edgeConfig({ listeners: [inboundListener({ limits })] }));
    const client = await edge.client();
    await client.say("WHAT", "WHAT", "WHAT");
    client.connection.destroy();
    await edge.clock.advance(2 * second);
    expect(edge.edge.sessions).toBe(0);
  });
});

describe("content in memory", () => {
  const limits = { ...defaultEdgeLimits, contentBytesMax: 100_000 };

  test("beyond what all may hold: 452 to who declares it, 421 4.3.1 to who just sends it", async () => {
    const edge = await MemoryEdge.start(edgeConfig({ limits }));
    const client = await edge.client();
    const mail = (size: number) => client.codes(`MAIL FROM:<a@client.example> SIZE=${size}`);
    expect(await mail(200_000)).toEqual(["452 4.3.1"]);
    expect(await mail(20_000)).toEqual(["250 2.1.0"]);
    await client.say("RCPT TO:<b@local.example>", "DATA");
    for (let i = 0; i < 30; i++) await client.send("x".repeat(5_000));
    expect(codesIn(client.take())).toEqual(["421 4.3.1"]);
    expect(client.hasEnded).toBe(true);
    expect(await (await edge.client()).codes("NOOP")).toEqual(["250 2.0.0"]);
  });

  test("is not counted once it is thrown away: who sends without end harms nobody", async () => {
    const listeners = [inboundListener({ limits: { messageSizeMax: 10_000 } })];
    const edge = await MemoryEdge.start(edgeConfig({ limits, listeners }));
    const endless = await inData(edge);
    for (let i = 0; i < 300; i++) await endless.send("x\r\n".repeat(1_000));
    const other = await edge.client();
    expect(await other.codes("MAIL FROM:<a@client.example> SIZE=9000")).toEqual(["250 2.1.0"]);
    expect(await endless.codes(".", "NOOP")).toEqual(["552 5.3.4", "250 2.0.0"]);
  });

  test("of others, when it is too much, ends no session that sends none", async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const faults = { before: () => answered, after: () => Promise.resolve() };
    const slow = await MemoryEdge.start(edgeConfig({ limits }), { faults });
    const waiting = await inData(slow);
    await waiting.send(`${"x\r\n".repeat(30_000)}`);
    const filling = await inData(slow);
    await waiting.send(".\r\n");
    const typing = await slow.client();
    await typing.send("NO");
    await filling.send("x\r\n".repeat(10_000));
    expect(codesIn(filling.take())).toEqual(["421 4.3.1"]);
    expect(await typing.codes("OP")).toEqual(["250 2.0.0"]);
    answer();
    await slow.clock.advance(0);
    expect(codesIn(waiting.take())).toEqual(["250 2.0.0"]);
  });

  test("counts until the queue has it, even when its client is gone", async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const faults = { before: () => answered, after: () => Promise.resolve() };
    const edge = await MemoryEdge.start(edgeConfig({ limits }), { faults });
    const gone = await inData(edge);
    await gone.send(`${"x\r\n".repeat(30_000)}.\r\n`);
    gone.connection.destroy();
    const other = await edge.client();
    const mail = "MAIL FROM:<a@client.example> SIZE=50000";
    expect(await other.codes(mail)).toEqual(["452 4.3.1"]);
    answer();
    await edge.clock.advance(0);
    expect(await other.codes(mail)).toEqual(["250 2.1.0"]);
  });

  test("is given back when the session ends, however it ends", async () => {
    const edge = await MemoryEdge.start(edgeConfig({ limits }));
    for (let i = 0; i < 5; i++) {
      const client = await inData(edge);
      await client.send("x\r\n".repeat(20_000));
      if (i % 2 === 0) client.connection.destroy();
      else expect(await client.codes("", ".")).toEqual(["250 2.0.0"]);
      await edge.clock.advance(0);
    }
    const client = await edge.client();
    expect(await client.codes("MAIL FROM:<a@client.example> SIZE=90000")).toEqual(["250 2.1.0"]);
  });
});
