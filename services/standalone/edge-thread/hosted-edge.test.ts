/** The thread's side alone, on a clock and a network in memory: the test is the other thread. */
import { beforeEach, describe, expect, test } from "bun:test";
import { MemoryNetwork } from "#lib/net/memory-transport";
import type { Message } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import { IntakeFull, IntakeUnavailable } from "#lib/stream/intake";
import { VirtualClock } from "#lib/virtual-clock";
import { edgeConfig, inboundListener } from "../../../test/support/edge/edge-config.ts";
import { codesIn, MemoryClient } from "../../../test/support/edge/memory-edge.ts";
import { RecordingHandler } from "../../../test/support/recording-handler.ts";
import { crossing } from "./crossing-error.ts";
import { HostedEdge } from "./hosted-edge.ts";
import { unpacked } from "./packed.ts";
import type { Counted, FromEdge, HandedIn, Told } from "./protocol.ts";

const edgeAddress = "192.0.2.25";
const port = 25;
const events = { node: "n", kinds: ["reception"] } as const;
const listeners = [inboundListener({ port })];

let clock: VirtualClock;
let network: MemoryNetwork;
let edge: HostedEdge;
let posted: FromEdge[];
let turn: (() => void)[];

beforeEach(() => {
  clock = new VirtualClock();
  network = new MemoryNetwork(clock);
  posted = [];
  turn = [];
  edge = hosted();
});

function hosted(traces = 0): HostedEdge {
  const data = { config: edgeConfig({ listeners }), logLevel: "info", events, traces } as const;
  return new HostedEdge(data, {
    transport: network.transport(edgeAddress),
    clock,
    random: seededRandom(1),
    // What is transferred is gone, as between threads.
    post: (message, transfer) => {
      posted.push(structuredClone(message, { transfer }));
    },
    endOfTurn: (task) => void turn.push(task),
  });
}

async function endTurn(): Promise<void> {
  for (const task of turn.splice(0)) task();
  await clock.advance(0);
}

async function client(): Promise<MemoryClient> {
  let handler: RecordingHandler | undefined;
  const at = { address: edgeAddress, port };
  const connecting = network
    .transport("198.51.100.7")
    .connect(at, { timeoutMs: 1_000 }, (connection) => {
      handler = new RecordingHandler(connection);
      return handler;
    });
  await clock.advance(0);
  await connecting;
  if (handler === undefined) throw new Error("nobody was connected");
  const connected = new MemoryClient(handler, clock);
  await connected.say("EHLO client.example");
  return connected;
}

async function withMessage(subject = "x"): Promise<MemoryClient> {
  const sending = await client();
  await sending.say("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA");
  await sending.say(`Subject: ${subject}`, "", "x", ".");
  return sending;
}

const told = () => posted.flatMap((m): Told[] => (m.kind === "told" ? [unpacked(m.packed)] : []));
const handedIn = (): HandedIn[] => told().flatMap((it) => it.handedIn);
const lines = () => told().flatMap((it) => it.lines.map((line) => JSON.parse(line)));
const counted = (): Counted[] => told().flatMap((it) => it.counted);
const textOf = ({ content }: Message) => new TextDecoder().decode(content);

describe("HostedEdge", () => {
  test("tells where it listens", async () => {
    await edge.start();
    const at = { address: edgeAddress, port };
    expect(posted).toEqual([{ kind: "started", listening: [{ name: "inbound", at }] }]);
  });

  test("tells why it cannot listen", async () => {
    await edge.start();
    await hosted().start();
    expect(posted.at(-1)).toMatchObject({ kind: "notStarted", error: { name: "Error" } });
  });

  test("traces as many as it is told to, and tells of their spans", async () => {
    edge = hosted(1);
    await edge.start();
    await withMessage();
    await endTurn();
    const [one] = handedIn();
    await edge.take({ kind: "answers", answers: [{ n: one?.n ?? 0 }] });
    await clock.advance(1);
    const trace = one?.message.units[0]?.trace;
    const spans = told().flatMap((it) => it.spans);
    expect(spans.map(({ name }) => name)).toEqual(["accept", "receive"]);
    expect([spans[0]?.parent, spans[1]?.self]).toEqual([trace, trace]);
    expect(lines()).toMatchObject([{ event: "message_accepted", trace_id: trace?.slice(3, 35) }]);
  });

  test("says 250 only after the answer, and tells the whole story", async () => {
    await edge.start();
    const sending = await withMessage();
    await endTurn();
    const [one] = handedIn();
    expect(one && textOf(one.message)).toEndWith("Subject: x\r\n\r\nx\r\n");
    expect(sending.take()).toBe("");
    await edge.take({ kind: "answers", answers: [{ n: one?.n ?? 0 }] });
    await clock.advance(1);
    expect(sending.take()).toBe(`250 2.0.0 Ok: queued as ${one?.message.id}\r\n`);
    // Its size was looked at before the content went.
    const size = one?.message.content.length ?? 0;
    expect(lines()).toMatchObject([{ event: "message_accepted", size, level: "info" }]);
    expect(counted()).toContainEqual([
      "accepted",
      { listener: "inbound", recipients: 1, bytes: size, durationMs: 0 },
    ]);
    const queueId = one?.message.id;
    expect(told().flatMap((it) => it.events)).toMatchObject([
      { kind: "reception", node: "n", queueId, recipient: "b@local.example" },
    ]);
    expect(counted()).toContainEqual(["sessionOpened", "inbound"]);
    expect(counted()).toContainEqual(["contentBytesHeld", 0]);
  });

  test.each([
    ["452 4.3.1", "there is no room", new IntakeFull("no room")],
    ["451 4.3.0", "nobody knows", new IntakeUnavailable("in doubt")],
    ["451 4.3.0", "something broke", new Error("anything else")],
  ] as const)("says %s when %s", async (code, _, error) => {
    await edge.start();
    const sending = await withMessage();
    await endTurn();
    const answers = handedIn().map(({ n }) => ({ n, error: crossing(error) }));
    await edge.take({ kind: "answers", answers });
    await clock.advance(1);
    expect(codesIn(sending.take())).toEqual([code]);
  });

  test("hands in together what came in one turn, and knows each answer by its number", async () => {
    await edge.start();
    const [first, second] = [await withMessage("first"), await withMessage("second")];
    await endTurn();
    expect(told().map((it) => it.handedIn.length)).toContain(2);
    const [one, two] = handedIn();
    const full = crossing(new IntakeFull("no room"));
    const answers = [{ n: two?.n ?? 0, error: full }, { n: one?.n ?? 0 }];
    await edge.take({ kind: "answers", answers });
    await clock.advance(1);
    expect([first, second].map((it) => codesIn(it.take()))).toEqual([["250 2.0.0"], ["452 4.3.1"]]);
  });

  test("is under the new configuration when it says so", async () => {
    await edge.start();
    const running = await client();
    await running.say("MAIL FROM:<a@client.example>");
    const config = edgeConfig({
      listeners: [inboundListener({ port, localDomains: ["new.example"] })],
    });
    await edge.take({ kind: "reload", config });
    expect(posted.at(-1)).toEqual({ kind: "reloaded" });
    expect(await running.codes("RCPT TO:<b@local.example>")).toEqual(["550 5.7.1"]);
    expect(await running.codes("RCPT TO:<b@new.example>")).toEqual(["250 2.1.5"]);
  });

  test("tells that a configuration cannot be taken over", async () => {
    await edge.start();
    const trustedNetworks = ["nowhere"];
    const config = edgeConfig({ listeners: [inboundListener({ port, trustedNetworks })] });
    await edge.take({ kind: "reload", config });
    expect(posted.at(-1)).toMatchObject({ kind: "reloaded", error: { name: "TypeError" } });
  });

  test("stop: 421 to who idles, what runs is finished, and the end is told last", async () => {
    await edge.start();
    const idle = await client();
    const busy = await client();
    await busy.say("MAIL FROM:<a@client.example>", "RCPT TO:<b@local.example>", "DATA");
    const stopping = edge.take({ kind: "stop" });
    await clock.advance(0);
    expect(codesIn(idle.take())).toEqual(["421 4.3.2"]);
    await idle.end();
    await busy.say("Subject: x", "", "x", ".");
    await endTurn();
    await edge.take({ kind: "answers", answers: handedIn().map(({ n }) => ({ n })) });
    await clock.advance(0);
    expect(codesIn(busy.take())).toEqual(["250 2.0.0", "421 4.3.2"]);
    await busy.end();
    await stopping;
    expect(posted.at(-1)).toEqual({ kind: "stopped" });
    expect(lines()).toMatchObject([{ event: "message_accepted" }]);
    expect(counted().filter(([name]) => name === "sessionClosed")).toHaveLength(2);
  });

  test("a stop that takes too long cuts off, and still waits for what was handed in", async () => {
    await edge.start();
    const cut = await withMessage();
    await endTurn();
    const stopping = edge.take({ kind: "stop" });
    await clock.advance(31_000);
    expect(cut.isClosed).toBe(true);
    expect(posted.some(({ kind }) => kind === "stopped")).toBe(false);
    await edge.take({ kind: "answers", answers: handedIn().map(({ n }) => ({ n })) });
    await stopping;
    expect(lines().map(({ event }) => event)).toContain("message_accepted");
    expect(posted.at(-1)).toEqual({ kind: "stopped" });
  });
});
