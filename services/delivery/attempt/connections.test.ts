import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { acquire, boundTo } from "#lib/limits/acquire";
import type { CountedLimit } from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { VirtualClock } from "#lib/virtual-clock";
import { config, named } from "../../../test/support/delivery/delivery-bench.ts";
import { freePass, unlimited } from "../../../test/support/delivery/free-pass.ts";
import { plainShaping } from "../../../test/support/delivery/plain-shaping.ts";
import { ScriptedMx } from "../../../test/support/delivery/scripted-mx.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { shard } from "../../../test/support/records.ts";
import { Connections } from "./connections.ts";
import { RemoteSession } from "./remote-session.ts";
import { transactionOf } from "./unit-transaction.ts";

const address = "192.0.2.1";
const host = { name: "mx.example", address, port: 25, protocol: "smtp", isRouted: false } as const;
const net = named("example.net");
const limit: CountedLimit = {
  name: "sessions",
  kind: "connections",
  scope: ["destination"],
  max: 2,
  provenance: "the test",
};

function setUp() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const mx = new ScriptedMx(network, address);
  const connections = new Connections(unlimited);
  const deadlines = new Deadlines(clock);
  const table = new LimitTable();
  const bound = boundTo(table, [limit], { destination: net });
  const { path } = freePass(net, { bound, shard: shard(3) });
  const granted = () => {
    const acquired = acquire(bound, { connections: 1 }, 0);
    return acquired.kind === "granted" ? acquired.permit : undefined;
  };
  const open = async () => {
    const permit = granted();
    if (permit === undefined) throw new Error("no room");
    const opening = RemoteSession.open(
      host,
      { hostname: "out.example", protocol: "smtp", tls: "never" },
      {
        transport: network.transport("192.0.2.99"),
        clock,
        deadlines,
        timings: config.timings,
        watcher: connections.place(path, permit),
      },
    );
    await clock.advance(0);
    const opened = await opening;
    if (opened.kind !== "session") throw new Error(opened.failure.reason);
    return opened.session;
  };
  const key = bound[0]?.key ?? "";
  return { clock, network, mx, connections, table, path, granted, open, key };
}

describe("Connections", () => {
  test("one counts until it is gone", async () => {
    const { clock, connections, network, granted, open } = setUp();
    await open();
    await open();
    expect([connections.count, granted()]).toEqual([2, undefined]);
    network.cutHost(address);
    await clock.advance(0);
    expect([connections.count, granted()?.holds("another key")]).toEqual([0, false]);
  });

  test("one that is leaving leaves at once when its place is wanted", async () => {
    const { clock, mx, connections, open, key } = setUp();
    mx.script = { answer: (c) => (c === "QUIT" ? "nothing" : undefined) };
    const [first] = [await open(), await open()];
    expect([connections.isLeaving(key), connections.hurry(key)]).toEqual([false, false]);
    first?.quit();
    await clock.advance(100);
    expect([connections.count, mx.sessions]).toEqual([2, 2]);
    expect([connections.isLeaving("another key"), connections.isLeaving(key)]).toEqual([
      false,
      true,
    ]);
    expect([connections.hurry("another key"), connections.hurry(key)]).toEqual([false, true]);
    expect(connections.isLeaving(key)).toBe(false);
    await open();
    expect([connections.count, mx.sessions, mx.sessionsEver]).toEqual([2, 2, 3]);
  });

  test("a place that came to no session is given back, once", () => {
    const { connections, path, granted } = setUp();
    const permit = granted();
    if (permit === undefined) throw new Error("no room");
    const place = connections.place(path, permit);
    expect(connections.count).toBe(1);
    place.release();
    place.release();
    expect([connections.count, granted()?.holds("another key")]).toEqual([0, false]);
  });

  test("knows which is one too many, and counts anew under other limits", async () => {
    const { connections, table, open, key } = setUp();
    const session = await open();
    expect([connections.isExcess(session), connections.holds(session, key)]).toEqual([false, true]);
    const none = boundTo(table, [{ ...limit, name: "fewer", max: 0 }], { destination: net });
    connections.rebind(() => none);
    expect([connections.isExcess(session), connections.holds(session, key)]).toEqual([true, false]);
  });

  test("those that a shard counts say QUIT when it is given away, and are gone soon", async () => {
    const { clock, connections, mx, open } = setUp();
    mx.script = { answer: (c) => (c === "QUIT" ? "nothing" : undefined) };
    await open();
    await connections.leave(shard(4), clock);
    expect(mx.sessions).toBe(1);
    const leaving = connections.leave(shard(3), clock);
    await clock.advance(1_000);
    await leaving;
    expect([connections.count, mx.sessions]).toEqual([0, 0]);
  });

  test("but not one that awaits the reply to its final dot", async () => {
    const { clock, connections, mx, open } = setUp();
    mx.script = { answer: (c) => (c === "." ? "nothing" : undefined) };
    const session = await open();
    const content = Buffer.from("Subject: x\r\n\r\nHello\r\n");
    const asked = { indexes: [0], content, contentLineMax: 998 };
    void session.transact(transactionOf(unitOf(), asked));
    await clock.advance(0);
    await connections.leave(shard(3), clock);
    expect([session.isBusy, mx.sessions]).toEqual([true, 1]);
  });

  test("so do those that count under a limit of a rule on replies, which no file names", async () => {
    const { clock, connections, mx, open, path } = setUp();
    Object.assign(path, { settings: { ...plainShaping().pathFor({}), limits: [] } });
    await open();
    const leaving = connections.leave(shard(3), clock);
    await clock.advance(1_000);
    await leaving;
    expect([connections.count, mx.sessions]).toEqual([0, 0]);
  });

  test("those that count for all shards stay", async () => {
    const { connections, clock, mx, open, table } = setUp();
    const shared = { ...limit, scope: ["provider"] as const };
    await open();
    connections.rebind(() => boundTo(table, [shared], { destination: net, provider: "mx" }));
    await connections.leave(shard(3), clock);
    expect(mx.sessions).toBe(1);
  });
});
