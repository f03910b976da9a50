import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { VirtualClock } from "#lib/virtual-clock";
import { config } from "../../../test/support/delivery/delivery-bench.ts";
import { ScriptedMx } from "../../../test/support/delivery/scripted-mx.ts";
import { RemoteSession } from "./remote-session.ts";
import { SessionPool } from "./session-pool.ts";

const address = "192.0.2.1";
const host = { name: "mx.example", address, port: 25, protocol: "smtp", isRouted: false } as const;
const idleMs = 5_000;
const [net, other] = ["example.net", "other.example"];

function setUp() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const mx = new ScriptedMx(network, address);
  const pool = new SessionPool(clock);
  const deadlines = new Deadlines(clock);
  const open = async () => {
    const opening = RemoteSession.open(
      host,
      { hostname: "out.example", protocol: "smtp", tls: "never" },
      { transport: network.transport("192.0.2.99"), clock, deadlines, timings: config.timings },
    );
    await clock.advance(0);
    const opened = await opening;
    if (opened.kind !== "session") throw new Error(opened.failure.reason);
    return opened.session;
  };
  return { clock, network, mx, pool, open };
}

describe("SessionPool", () => {
  test("gives the session used last, of this destination", async () => {
    const { pool, open } = setUp();
    const [first, second] = [await open(), await open()];
    pool.put(net, first, idleMs);
    pool.put(net, second, idleMs);
    expect(pool.take(other)).toBeUndefined();
    expect([pool.take(net), pool.take(net), pool.take(net)]).toEqual([second, first, undefined]);
    expect(pool.size).toBe(0);
  });

  test("says QUIT to what nobody wanted for a while", async () => {
    const { clock, mx, pool, open } = setUp();
    pool.put(net, await open(), idleMs);
    await clock.advance(idleMs - 1_000);
    expect(mx.sessions).toBe(1);
    await clock.advance(2_000);
    expect([mx.sessions, pool.size]).toEqual([0, 0]);
  });

  test("forgets a session that the host closed", async () => {
    const { clock, network, pool, open } = setUp();
    pool.put(net, await open(), idleMs);
    network.cutHost(address);
    await clock.advance(0);
    expect([pool.take(net), pool.size]).toEqual([undefined, 0]);
  });

  test("does not give one that is closing already", async () => {
    const { pool, open } = setUp();
    const session = await open();
    pool.put(net, session, idleMs);
    session.data(Buffer.from("421 4.3.2 Going down\r\n"));
    expect(pool.take(net)).toBeUndefined();
  });

  test("shrinks from those that have waited longest", async () => {
    const { clock, mx, pool, open } = setUp();
    const sessions = [await open(), await open(), await open()];
    for (const [n, session] of sessions.entries()) pool.put(n === 1 ? other : net, session, idleMs);
    pool.shrink(1);
    await clock.advance(0);
    expect([pool.size, mx.sessions]).toEqual([1, 1]);
    expect([pool.take(other), pool.take(net)]).toEqual([undefined, sessions[2]]);
  });

  test("tells who waits for one: the first, at each that comes", async () => {
    const { pool, open } = setUp();
    const told: string[] = [];
    pool.whenIdle(net, () => told.push("none"))();
    const leave = pool.whenIdle(net, () => told.push("first"));
    pool.whenIdle(net, () => told.push("second"));
    pool.put(other, await open(), idleMs);
    pool.put(net, await open(), idleMs);
    expect([told, pool.has(net)]).toEqual([["first"], true]);
    leave();
    pool.put(net, await open(), idleMs);
    expect(told).toEqual(["first", "second"]);
  });

  test("lends one that awaits a reply to who asks first, and to nobody else", async () => {
    const { pool, open } = setUp();
    const [first, second] = [await open(), await open()];
    const told: string[] = [];
    pool.whenIdle(net, () => told.push("waiting"));
    const lent = pool.lend(net, first);
    const later = pool.lend(net, second);
    expect([told.length, pool.has(net), pool.take(net), pool.peekLent(other)]).toEqual([
      2,
      false,
      undefined,
      undefined,
    ]);
    expect(pool.peekLent(net)).toBe(lent);
    expect([pool.takeLent(lent), pool.takeLent(lent)]).toEqual([true, false]);
    expect(pool.peekLent(net)).toBe(later);
    pool.giveBack(lent);
    expect([pool.takeLent(lent), pool.takeLent(later), pool.peekLent(net)]).toEqual([
      true,
      true,
      undefined,
    ]);
  });

  test("lends none that is closing already", async () => {
    const { pool, open } = setUp();
    const session = await open();
    pool.lend(net, session);
    session.data(Buffer.from("421 4.3.2 Going down\r\n"));
    expect(pool.peekLent(net)).toBeUndefined();
  });

  test("gives up the one that has waited longest of those meant", async () => {
    const { clock, mx, pool, open } = setUp();
    const sessions = [await open(), await open(), await open()];
    for (const session of sessions) pool.put(net, session, idleMs);
    pool.evict((session) => session !== sessions[0]);
    await clock.advance(0);
    expect([mx.sessions, pool.size]).toEqual([2, 2]);
    expect([pool.take(net), pool.take(net)]).toEqual([sessions[2], sessions[0]]);
  });

  test("gives up as many as are meant, and no more", async () => {
    const { pool, open } = setUp();
    const sessions = [await open(), await open(), await open()];
    for (const session of sessions) pool.put(net, session, idleMs);
    pool.evict(() => true, 2);
    expect(pool.take(net)).toBe(sessions[2]);
    expect(pool.size).toBe(0);
  });

  test.each([
    ["of one key", net, 1],
    ["all", undefined, 0],
  ])("closes %s", async (_, which, left) => {
    const { clock, mx, pool, open } = setUp();
    pool.put(net, await open(), idleMs);
    pool.put(other, await open(), idleMs);
    pool.close(which);
    await clock.advance(0);
    expect([pool.size, mx.sessions]).toEqual([left, left]);
  });
});
