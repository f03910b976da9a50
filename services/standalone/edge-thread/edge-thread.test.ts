/** The side of the rest of the process alone: the test is the thread. */
import { beforeEach, describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { noEvents } from "#lib/events/event-sink";
import type { Message } from "#lib/queue/unit";
import { IntakeFull } from "#lib/stream/intake";
import { noTracing, type Span } from "#lib/telemetry/tracing";
import type { EventRecord } from "#proto/event-record";
import { newMessage } from "../../../test/conformance/fixtures.ts";
import { edgeConfig } from "../../../test/support/edge/edge-config.ts";
import { failureOf } from "../../../test/support/failure.ts";
import { noMetrics } from "../../edge/metrics.ts";
import { EdgeThread, type EdgeWorker } from "./edge-thread.ts";
import { packed } from "./packed.ts";
import type { FromEdge, ToEdge, Told } from "./protocol.ts";

class ScriptedWorker extends EventEmitter implements EdgeWorker {
  readonly posted: ToEdge[] = [];
  isTerminated = false;

  postMessage(message: ToEdge): void {
    this.posted.push(message);
    this.emit("posted", message);
  }

  async terminate(): Promise<void> {
    this.isTerminated = true;
    this.emit("exit");
  }

  says(message: FromEdge): void {
    this.emit("message", message);
  }

  /** The next message to it, from now on. */
  next(): Promise<ToEdge> {
    return new Promise((resolve) => this.once("posted", resolve));
  }
}

const listening = [{ name: "inbound", at: { address: "127.0.0.1", port: 2525 } }];
const config = edgeConfig();
const self = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const span = { name: "x", kind: "server", self, startedAt: 1, endedAt: 2, attributes: {} } as const;
const nothing: Told = { handedIn: [], lines: [], counted: [], events: [], spans: [] };

let worker: ScriptedWorker;
let failures: Error[];
let written: string[];
let emitted: EventRecord[];
let traced: Span[];
let counted: unknown[];
let accepting: { readonly message: Message; readonly done: PromiseWithResolvers<void> }[];
let thread: EdgeThread;

beforeEach(() => {
  worker = new ScriptedWorker();
  failures = [];
  written = [];
  emitted = [];
  traced = [];
  counted = [];
  accepting = [];
  thread = new EdgeThread(config, {
    logLevel: "info",
    eventKinds: ["reception"],
    events: { ...noEvents, node: "n", emit: (_, record) => void emitted.push(record()) },
    tracing: { ...noTracing, end: (span) => void traced.push(span) },
    write: (line) => void written.push(line),
    onFailed: (error) => void failures.push(error),
    spawn: () => worker,
    intake: {
      accept(message) {
        const done = Promise.withResolvers<void>();
        accepting.push({ message, done });
        return done.promise;
      },
    },
    metrics: {
      ...noMetrics,
      refused: (code) => void counted.push(code),
      contentBytesHeld: (bytes) => void counted.push({ bytes }),
    },
  });
});

async function started(): Promise<void> {
  const starting = thread.start();
  worker.says({ kind: "started", listening });
  await starting;
}

function handIn(...numbers: number[]): void {
  const handedIn = numbers.map((n) => ({ n, message: newMessage() }));
  worker.says({ kind: "told", packed: packed({ ...nothing, handedIn }) });
}

describe("start()", () => {
  test("resolves when the thread listens, and knows where", async () => {
    expect(thread.listening).toEqual([]);
    await started();
    expect(thread.listening).toEqual(listening);
  });

  test("rejects with the thread's own words when a place cannot be had", async () => {
    const starting = failureOf(thread.start());
    const cause = { name: "Error", message: "EADDRINUSE" };
    const message = 'Cannot listen at "127.0.0.1" port 25: EADDRINUSE';
    worker.says({ kind: "notStarted", error: { name: "Error", message, cause } });
    expect(await starting).toMatchObject({ name: "Error", message, cause: { ...cause } });
    await thread.stop();
    expect([worker.isTerminated, worker.posted, failures]).toEqual([true, [], []]);
  });

  test("rejects when the thread dies before", async () => {
    const starting = failureOf(thread.start());
    worker.emit("error", new SyntaxError("cannot load"));
    expect(String(await starting)).toBe("SyntaxError: cannot load");
    expect(failures).toHaveLength(1);
  });

  test("after stop() starts nothing", async () => {
    await thread.stop();
    await thread.start();
    expect([thread.listening, worker.posted]).toEqual([[], []]);
  });
});

describe("what was handed in", () => {
  test("is answered when it is durable, all of one moment in one message", async () => {
    await started();
    handIn(1, 2, 3);
    const answered = worker.next();
    accepting[1]?.done.resolve();
    accepting[2]?.done.resolve();
    expect(await answered).toEqual({ kind: "answers", answers: [{ n: 2 }, { n: 3 }] });
    const later = worker.next();
    accepting[0]?.done.resolve();
    expect(await later).toEqual({ kind: "answers", answers: [{ n: 1 }] });
    expect(worker.posted).toHaveLength(2);
  });

  test("and refused, is refused by name", async () => {
    await started();
    handIn(1);
    const answered = worker.next();
    accepting[0]?.done.reject(new IntakeFull("no room"));
    const error = { name: "IntakeFull", message: "no room" };
    expect(await answered).toMatchObject({ kind: "answers", answers: [{ n: 1, error }] });
  });

  test("before the thread's last word is with the intake when stop() resolves", async () => {
    await started();
    const asked = worker.next();
    const stopping = thread.stop();
    expect(await asked).toEqual({ kind: "stop" });
    handIn(1);
    worker.says({ kind: "stopped" });
    await stopping;
    expect(accepting).toHaveLength(1);
    accepting[0]?.done.resolve();
    expect([worker.isTerminated, failures]).toEqual([true, []]);
  });
});

test("lines, counts, events and spans go where they belong, in their order", async () => {
  await started();
  const told: Told = {
    handedIn: [],
    lines: ["a\n", "b\n"],
    counted: [
      ["refused", 550],
      ["contentBytesHeld", 7],
      ["refused", 451],
    ],
    events: [{ v: 1, kind: "reception", eventId: "x", at: "", node: "n" }],
    spans: [span],
  };
  worker.says({ kind: "told", packed: packed(told) });
  expect(written).toEqual(["a\n", "b\n"]);
  expect(counted).toEqual([550, { bytes: 7 }, 451]);
  expect(emitted).toEqual([...told.events]);
  expect(traced).toEqual([span]);
});

describe("a thread that ends by itself", () => {
  test.each([
    ["with an error", () => worker.emit("error", new Error("out of memory")), "out of memory"],
    ["without a word", () => worker.emit("exit"), "the edge's thread has ended"],
  ])("%s is told once, and nobody waits for it", async (_, end, message) => {
    await started();
    const reloading = failureOf(thread.reload(config));
    handIn(1);
    end();
    worker.emit("exit");
    expect(failures.map((error) => error.message)).toEqual([message]);
    expect(String(await reloading)).toBe(`Error: ${message}`);
    const posted = worker.posted.length;
    accepting[0]?.done.resolve();
    await thread.stop();
    await thread.reload(config);
    expect(worker.posted).toHaveLength(posted);
  });

  test("while it stops does not hold up the stop", async () => {
    await started();
    const stopping = thread.stop();
    worker.emit("exit");
    await stopping;
    expect(failures).toHaveLength(1);
  });
});

describe("reload()", () => {
  test("resolves when the thread has taken it over, each in its turn", async () => {
    await started();
    const order: string[] = [];
    const first = thread.reload(config).then(() => order.push("first"));
    const second = failureOf(thread.reload(config)).then((error) => order.push(String(error)));
    expect(worker.posted).toEqual([
      { kind: "reload", config },
      { kind: "reload", config },
    ]);
    worker.says({ kind: "reloaded" });
    await first;
    worker.says({ kind: "reloaded", error: { name: "TypeError", message: "no" } });
    await second;
    expect(order).toEqual(["first", "TypeError: no"]);
  });

  test("before the start is what it starts with", async () => {
    const next = edgeConfig({ hostname: "other.example" });
    let startedWith: unknown;
    const other = new EdgeThread(config, {
      logLevel: "info",
      eventKinds: [],
      events: noEvents,
      write() {},
      onFailed() {},
      spawn: (data) => {
        startedWith = data;
        return worker;
      },
      intake: { accept: () => Promise.resolve() },
      metrics: noMetrics,
    });
    await other.reload(next);
    const starting = other.start();
    worker.says({ kind: "started", listening });
    await starting;
    expect(startedWith).toEqual({
      config: next,
      logLevel: "info",
      events: { node: "", kinds: [] },
      traces: 0,
    });
  });
});
