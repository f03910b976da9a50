import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { VirtualClock } from "#lib/virtual-clock";
import { config, named } from "../../../test/support/delivery/delivery-bench.ts";
import { ScriptedMx } from "../../../test/support/delivery/scripted-mx.ts";
import { OpenSessions } from "./open-sessions.ts";
import { RemoteSession } from "./remote-session.ts";

const address = "192.0.2.1";
const host = { name: "mx.example", address, port: 25, protocol: "smtp", isRouted: false } as const;
const net = named("example.net");

function setUp() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const mx = new ScriptedMx(network, address);
  const sessions = new OpenSessions();
  const deadlines = new Deadlines(clock);
  const open = async (max = 9) => {
    const opening = RemoteSession.open(
      host,
      { hostname: "out.example", protocol: "smtp", tls: "never" },
      {
        transport: network.transport("192.0.2.99"),
        clock,
        deadlines,
        timings: config.timings,
        watcher: await sessions.take(net, max),
      },
    );
    await clock.advance(0);
    const opened = await opening;
    if (opened.kind !== "session") throw new Error(opened.failure.reason);
    return opened.session;
  };
  return { clock, network, mx, sessions, open };
}

describe("OpenSessions", () => {
  test("a session counts until its connection is gone", async () => {
    const { clock, sessions, network, open } = setUp();
    await open();
    await open();
    expect(sessions.countOf(net)).toBe(2);
    network.cutHost(address);
    await clock.advance(0);
    expect(sessions.countOf(net)).toBe(0);
  });

  test("one that is leaving leaves at once when its place is needed", async () => {
    const { clock, mx, sessions, open } = setUp();
    mx.script = { answer: (c) => (c === "QUIT" ? "nothing" : undefined) };
    const [first] = [await open(), await open()];
    first?.quit();
    await clock.advance(100);
    expect([sessions.countOf(net), mx.sessions]).toEqual([2, 2]);
    await open(2);
    expect([sessions.countOf(net), mx.sessions, mx.sessionsEver]).toEqual([2, 2, 3]);
  });

  test("with all of them at work the next one waits for the first to go", async () => {
    const { clock, sessions, open } = setUp();
    const [first] = [await open(), await open()];
    let isThere = false;
    const taken = sessions.take(net, 2).then((place) => {
      isThere = true;
      return place;
    });
    await clock.advance(1_000);
    expect(isThere).toBe(false);
    first?.quit();
    await clock.advance(0);
    expect(sessions.countOf(net)).toBe(2);
    (await taken).release();
    expect(sessions.countOf(net)).toBe(1);
  });

  test("a place that came to no session is given back", async () => {
    const { sessions } = setUp();
    const place = await sessions.take(net, 1);
    expect(sessions.countOf(net)).toBe(1);
    place.release();
    place.release();
    expect(sessions.countOf(net)).toBe(0);
  });
});
