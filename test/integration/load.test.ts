/** Source and sink against each other: what they say of others can be believed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsIdentity } from "#lib/net/transport";
import { IdleSessions } from "../../loadtest/bench/idle-sessions.ts";
import { SinkProcess } from "../../loadtest/bench/sink-process.ts";
import { balance, Ledger } from "../../loadtest/ledger.ts";
import { Sink } from "../../loadtest/sink/sink.ts";
import { sourceArguments } from "../../loadtest/source/arguments.ts";
import { Source } from "../../loadtest/source/source.ts";
import type { SourceSummary } from "../../loadtest/source/summary.ts";
import { makeIdentity } from "../../services/edge/identity.ts";
import { failureOf } from "../support/failure.ts";

const even = { lost: [], repeated: new Map(), extraCopies: 0, unanswered: 0 };

function sourceFor(sink: Sink, words: string): Source {
  const { address, port } = sink.endpoint;
  const args = [`${address}:${port}`, ...words.split(" ")];
  return new Source(sourceArguments(args, () => "t").source);
}

describe("every message that got a 250 is at the sink, once and intact", () => {
  let identity: TlsIdentity;
  beforeAll(async () => {
    identity = await makeIdentity("sink.example");
  });

  test.each([
    "--messages 500 --sessions 7",
    "--messages 500 --sessions 7 --pipelining",
    "--messages 100 --sessions 3 --size 100,70000,1000000",
    "--messages 100 --sessions 3 --per-session 4",
    "--messages 100 --sessions 3 --recipients 5 --domains 3 --pipelining",
    "--messages 100 --sessions 3 --recipients 5",
    "--messages 100 --sessions 3 --tls starttls --user u --password p",
    "--messages 60 --sessions 3 --rate 2000",
    "--messages 200 --sessions 5 --bdat --recipients 2",
    "--messages 200 --sessions 5 --bdat --pipelining --size 1024=3,300000=1",
    "--messages 100 --sessions 3 --bdat --tls starttls",
    "--messages 100 --sessions 5 --mix mailbox --domain a.example=3,b.example=1",
  ])("%s", async (words) => {
    await using sink = await Sink.start({ keep: "verdicts", identity });
    const source = sourceFor(sink, words);
    const summary = await source.run();
    expect(summary).toMatchObject({ accepted: summary.begun, refused: {}, sessionEnds: {} });
    expect(summary.latency.count).toBe(summary.accepted);
    expect(balance(source.promised, sink.ledger)).toEqual(even);
    const { distinct, total } = source.promised;
    expect(sink.counts).toMatchObject({ messages: distinct, recipients: total, damaged: 0 });
  });

  test("under implicit TLS", async () => {
    await using sink = await Sink.start({ keep: "verdicts", identity, tls: "implicit" });
    const source = sourceFor(sink, "--messages 50 --tls implicit --sessions 2");
    expect(await source.run()).toMatchObject({ accepted: 50 });
    expect(balance(source.promised, sink.ledger)).toEqual(even);
    expect(sink.counts).toMatchObject({ tlsSessions: 2, damaged: 0 });
  });
});

describe("the source tells what the sink did wrong", () => {
  const faults: readonly (readonly [fault: string, expected: Partial<SourceSummary>])[] = [
    ["421-at-connect", { sessionEnds: { "421 at connect": 2 }, begun: 0 }],
    ["550-at-ehlo", { sessionEnds: { "550 at ehlo": 2 }, begun: 0 }],
    ["550-at-mail", { refused: { "550 at mail": 10 } }],
    ["550-at-rcpt", { refused: { "550 at rcpt": 10 } }],
    ["452-at-data", { refused: { "452 at data": 10 } }],
    ["451-at-end-of-data", { refused: { "451 at end-of-data": 10 }, sessionEnds: {} }],
    ["drop-at-rcpt", { aborted: 2, sessionEnds: { "closed by the peer": 2 } }],
    ["drop-after-dot", { unknown: 2, sessionEnds: { "closed by the peer": 2 } }],
    ["half-a-reply-at-data", { aborted: 2 }],
    ["garbage-at-data", { aborted: 2 }],
    ["slow-1ms", { accepted: 10, refused: {}, sessionEnds: {} }],
    ["byte-by-byte-at-rcpt", { accepted: 10, refused: {}, sessionEnds: {} }],
  ];

  test.each(faults)("%s", async (fault, expected) => {
    for (const pipelining of ["", " --pipelining"]) {
      await using sink = await Sink.start({ faults: [fault] });
      const source = sourceFor(sink, `--messages 10 --sessions 2${pipelining}`);
      expect(await source.run()).toMatchObject(expected);
      expect(source.promised.distinct).toBe(expected.accepted ?? 0);
    }
  });

  test("with BDAT and pipelining, too, all that was refused is known", async () => {
    await using sink = await Sink.start({ faults: ["550-at-rcpt-1-in-3"] });
    const source = sourceFor(sink, "--messages 90 --sessions 3 --bdat --pipelining");
    const summary = await source.run();
    const refused = summary.refused["550 at rcpt"] ?? 0;
    expect(refused).toBeGreaterThan(0);
    expect([summary.accepted + refused, summary.unknown, summary.aborted]).toEqual([90, 0, 0]);
    expect(balance(source.promised, sink.ledger)).toEqual(even);
  });

  test("some recipients refused: the message is accepted for the others", async () => {
    await using sink = await Sink.start({ faults: ["550-at-rcpt-3-times"] });
    const source = sourceFor(sink, "--messages 2 --sessions 1 --recipients 4 --pipelining");
    expect(await source.run()).toMatchObject({ accepted: 2, refused: {} });
    expect([source.promised.total, sink.ledger.total]).toEqual([5, 5]);
  });

  test("with --reconnect it goes on where sessions end, and knows what it does not know", async () => {
    await using sink = await Sink.start({ faults: ["drop-1-in-10", "421-at-mail-1-in-10"] });
    const source = sourceFor(sink, "--messages 300 --sessions 5 --reconnect");
    const summary = await source.run();
    const refused = summary.refused["421 at mail"] ?? 0;
    expect(summary.unknown).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(summary.accepted + summary.unknown + refused).toBe(300);
    const unknown = { ...even, unanswered: summary.unknown };
    expect(balance(source.promised, sink.ledger)).toEqual(unknown);
  });

  test("a server that is not there, and then is", async () => {
    const first = await Sink.start();
    const at = first.endpoint;
    const source = sourceFor(first, "--messages 1000000000 --sessions 3 --reconnect");
    const done = source.run();
    await source.accepted(20);
    await first.stop();
    await using second = await Sink.start({ at });
    await second.until(({ messages }) => messages > 20);
    source.stop();
    const summary = await done;
    const arrived = first.ledger.distinct + second.ledger.distinct;
    expect(arrived).toBeGreaterThanOrEqual(summary.accepted);
    expect(arrived).toBeLessThanOrEqual(summary.accepted + summary.unknown);
  });

  test("a reply that does not come in time ends the session", async () => {
    await using sink = await Sink.start({ faults: ["silence"] });
    const source = sourceFor(sink, "--messages 1 --reply-timeout 1");
    const ends = { "no reply to end-of-data in time": 1 };
    expect(await source.run()).toMatchObject({ unknown: 1, sessionEnds: ends });
  });
});

describe("for the benchmark", () => {
  test("idle sessions are held until they are closed", async () => {
    await using sink = await Sink.start();
    const sessions = new IdleSessions(sink.endpoint);
    await sessions.open(120);
    expect([sessions.held, sink.counts.sessionsOpen]).toEqual([120, 120]);
    sessions.close();
    await sink.until(({ sessionsOpen }) => sessionsOpen === 0);
  });

  test("a sink in a process of its own tells when all is there", async () => {
    const sink = await SinkProcess.start();
    const args = [`127.0.0.1:${sink.endpoint.port}`, "--messages", "30"];
    const summary = await new Source(sourceArguments(args, () => "t").source).run();
    const reached = await sink.reached(30, 5_000);
    expect(reached).toMatchObject({ distinct: 30, copies: 30 });
    expect(reached.lastNewAt).toBeGreaterThanOrEqual(summary.startedAt);
    const failure = await failureOf(sink.reached(31, 50));
    expect(String(failure)).toContain("30 of 31 messages came to the sink");
    await sink.stop();
  });
});

describe("as commands", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "godwit-load-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("they find each other, end by themselves, and their accounts agree", async () => {
    const [sent, got] = [join(directory, "sent"), join(directory, "got")];
    const sinkRun = start("sink.ts", `--json --keep verdicts --until 200 --accounts ${got}`);
    const { port } = await firstLine(sinkRun.stdout);
    const sourceRun = start("source.ts", `127.0.0.1:${port} --messages 200 --accounts ${sent}`);
    expect(await sourceRun.stdout.text()).toContain("200 of 200 messages accepted");
    expect([await sourceRun.exited, await sinkRun.exited]).toEqual([0, 0]);
    const ledgers = [sent, got].map(async (file) => Ledger.parse(await Bun.file(file).text()));
    const [promised = new Ledger(), arrived = new Ledger()] = await Promise.all(ledgers);
    expect(promised.distinct).toBe(200);
    expect(balance(promised, arrived)).toEqual(even);
  });

  function start(file: string, words: string) {
    const path = join(import.meta.dir, "../../loadtest", file);
    const command = [process.execPath, path, ...words.split(" ")];
    return Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  }

  async function firstLine(stream: ReadableStream<Uint8Array>): Promise<{ readonly port: number }> {
    let text = "";
    const reader = stream.getReader();
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    reader.releaseLock();
    return JSON.parse(text.split("\n")[0] ?? "");
  }
});
