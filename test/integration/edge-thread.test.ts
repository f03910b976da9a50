/** The edge in a real thread, on real sockets: what a session sees is what it sees without. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import { systemClock } from "#lib/clock";
import { noEvents } from "#lib/events/event-sink";
import type { Intake } from "#lib/stream/intake";
import { IntakeFull } from "#lib/stream/intake";
import { MemoryLog } from "#lib/stream/memory";
import { Sink } from "../../loadtest/sink/sink.ts";
import type { EdgeConfig } from "../../services/edge/config.ts";
import { makeIdentity } from "../../services/edge/identity.ts";
import { noMetrics } from "../../services/edge/metrics.ts";
import { EdgeThread, type EdgeWorker } from "../../services/standalone/edge-thread/edge-thread.ts";
import { edgeConfig, inboundListener, submissionListener } from "../support/edge/edge-config.ts";
import { failureOf } from "../support/failure.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { RecordingIntake } from "../support/recording-intake.ts";

const identity = await makeIdentity("edge.example");
const passwordHash = await Bun.password.hash("wonderland", {
  algorithm: "argon2id",
  memoryCost: 8,
  timeCost: 1,
});
const config = edgeConfig({
  identity,
  users: [{ name: "alice", passwordHash }],
  listeners: [
    inboundListener(),
    submissionListener({ name: "submissions", tls: { implicit: true } }),
  ],
});

let intake: RecordingIntake;
let died: PromiseWithResolvers<Error>;
let started: EdgeThread[];

beforeEach(() => {
  intake = new RecordingIntake(new MemoryLog({ clock: systemClock, shards: 4 }).intake());
  died = Promise.withResolvers();
  started = [];
});

afterEach(async () => {
  for (const thread of started) await thread.stop();
});

function threaded(of: EdgeConfig, spawn?: () => EdgeWorker, into: Intake = intake): EdgeThread {
  const thread = new EdgeThread(of, {
    logLevel: "info",
    eventKinds: [],
    events: noEvents,
    write() {},
    onFailed: died.resolve,
    intake: into,
    metrics: noMetrics,
    ...(spawn === undefined ? {} : { spawn }),
  });
  started.push(thread);
  return thread;
}

function at(thread: EdgeThread, name: string) {
  const found = thread.listening.find((listening) => listening.name === name);
  if (found === undefined) throw new Error(`nothing listens as ${name}`);
  return found.at;
}

async function greeted(thread: EdgeThread): Promise<RawPeer> {
  const peer = await RawPeer.connect(at(thread, "inbound"));
  await peer.reply();
  await peer.say("EHLO client.example");
  return peer;
}

async function replyToMessage(peer: RawPeer, text: string): Promise<string> {
  await peer.say("MAIL FROM:<a@client.example>");
  await peer.say("RCPT TO:<b@local.example>");
  await peer.say("DATA");
  return await peer.say(`${text}\r\n.`);
}

describe("an edge in a thread", () => {
  test("takes messages of any size, whole", async () => {
    const thread = threaded(config);
    await thread.start();
    const peer = await greeted(thread);
    for (const length of [1, 4_000, 900_000]) {
      const body = Array(Math.ceil(length / 66))
        .fill("0123456789abcdef".repeat(4))
        .join("\r\n");
      expect(await replyToMessage(peer, `Subject: x\r\n\r\n${body}`)).toStartWith("250 2.0.0 ");
      expect(intake.lastContent).toEndWith(`Subject: x\r\n\r\n${body}\r\n`);
    }
    peer.destroy();
  });

  test("has TLS and passwords, and another certificate after a reload", async () => {
    const thread = threaded(config);
    await thread.start();
    const login = async (user: string) => {
      const peer = await RawPeer.connect(at(thread, "submissions"));
      await peer.startTls();
      await peer.reply();
      await peer.say("EHLO client.example");
      const word = Buffer.from(`\0${user}\0wonderland`).toString("base64");
      const reply = await peer.say(`AUTH PLAIN ${word}`);
      peer.destroy();
      return reply.slice(0, 9);
    };
    expect([await login("alice"), await login("bob")]).toEqual(["235 2.7.0", "535 5.7.8"]);
    await thread.reload({ ...config, users: [{ name: "bob", passwordHash }] });
    expect([await login("alice"), await login("bob")]).toEqual(["535 5.7.8", "235 2.7.0"]);
  });

  test("says 452 when there is no room", async () => {
    const full: Intake = { accept: () => Promise.reject(new IntakeFull("no room")) };
    const thread = threaded(config, undefined, full);
    await thread.start();
    const peer = await greeted(thread);
    expect(await replyToMessage(peer, "Subject: x\r\n\r\nx")).toStartWith("452 4.3.1 ");
    peer.destroy();
  });

  test("says which place cannot be had", async () => {
    const first = threaded(config);
    await first.start();
    const { port } = at(first, "inbound");
    const second = threaded(edgeConfig({ listeners: [inboundListener({ port })] }));
    const failure = await failureOf(second.start());
    expect(String(failure)).toContain(`Cannot listen at "127.0.0.1" port ${port}: EADDRINUSE`);
  });

  test("finishes what runs when it is stopped", async () => {
    const thread = threaded(config);
    await thread.start();
    const [idle, busy] = [await greeted(thread), await greeted(thread)];
    for (const line of ["MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA"]) {
      await busy.say(line);
    }
    const stopping = thread.stop();
    expect(await idle.reply()).toStartWith("421 4.3.2 ");
    expect(await busy.say("Subject: late\r\n\r\nx\r\n.")).toStartWith("250 2.0.0 ");
    await Promise.all([idle.closed(), busy.closed()]);
    await stopping;
    expect(intake.accepted).toHaveLength(1);
    expect(String(await failureOf(RawPeer.connect(at(thread, "inbound"))))).toContain(
      "ECONNREFUSED",
    );
  });
});

test("a thread that is stopped as it starts ends in good order", async () => {
  const thread = threaded(config);
  const starting = thread.start();
  await thread.stop();
  await starting;
  const gone = await failureOf(RawPeer.connect(at(thread, "inbound")));
  expect(String(gone)).toContain("ECONNREFUSED");
});

describe("the death of the thread", () => {
  test("is told when it throws", async () => {
    const code = "setImmediate(() => { throw new RangeError('out of something'); })";
    const thread = threaded(config, () => new Worker(code, { eval: true }));
    expect(String(await failureOf(thread.start()))).toContain("out of something");
    expect(String(await died.promise)).toContain("out of something");
  });

  test("is told when it just ends", async () => {
    const thread = threaded(config, () => new Worker("process.exit(3)", { eval: true }));
    await failureOf(thread.start());
    expect(String(await died.promise)).toContain("the edge's thread has ended");
  });

  test("is told when a promise between the threads is broken", async () => {
    const url = new URL("../../services/standalone/edge-thread/thread.ts", import.meta.url);
    const worker = new Worker(url, {
      workerData: { config, logLevel: "info", events: { node: "", kinds: [] } },
    });
    const thread = threaded(config, () => worker);
    await thread.start();
    const peer = await greeted(thread);
    worker.postMessage({ kind: "answers", answers: [{ n: 99 }] });
    expect(String(await died.promise)).toContain("answered once");
    await peer.closed();
  });
});

describe.each([0, 1])("Godwit with %d threads for the edge", (threads) => {
  test("takes, sends, logs and counts", async () => {
    await using sink = await Sink.start();
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      yaml: `edgeThreads: ${threads}\n`,
    });
    await godwit.start();
    const told = godwit.log.next(({ event }) => event === "message_accepted");
    const peer = await RawPeer.connect(godwit.submission ?? { address: "", port: 0 });
    await peer.reply();
    await peer.say("EHLO client.example");
    const reply = await replyToMessage(peer, "Subject: x\r\n\r\nx");
    expect(reply).toStartWith("250 2.0.0 ");
    await sink.until(({ messages }) => messages === 1);
    const line = await told;
    expect(line).toMatchObject({ level: "info", client: "127.0.0.1", recipients: 1, units: 1 });
    expect(reply).toContain(String(line.queue_id));
    const metrics = await (await godwit.ask("/metrics")).text();
    expect(metrics).toContain('godwit_edge_messages_total{listener="submission"} 1');
    expect(metrics).toContain(`godwit_edge_bytes_total{listener="submission"} ${line.size}`);
    expect(metrics).toContain('godwit_edge_sessions{listener="submission"} 1');
    peer.destroy();
    expect(await godwit.stop()).toBe(0);
  });
});
