import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { LimitTable } from "#lib/limits/limit-table";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { seededRandom } from "#lib/random";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { config, minute } from "../../../test/support/delivery/delivery-bench.ts";
import { freePass, nothingSkipped, unlimited } from "../../../test/support/delivery/free-pass.ts";
import { ScriptedMx } from "../../../test/support/delivery/scripted-mx.ts";
import { unitOf } from "../../../test/support/queued.ts";
import { destination, incarnation, path } from "../../../test/support/records.ts";
import type { DeliveryConfig } from "../config.ts";
import { Sources } from "../egress/sources.ts";
import { Attempts } from "./attempt.ts";
import { NextHops } from "./next-hops.ts";
import type { Pass } from "./pass.ts";
import type { Route } from "./routes.ts";
import { SessionPool } from "./session-pool.ts";

const [first, second] = ["192.0.2.1", "192.0.2.2"];
const net = destination("example.net");
const content = Buffer.from("Subject: x\r\n\r\nHello\r\n");

interface How {
  readonly within?: number;
  readonly bytes?: Uint8Array;
  readonly pass?: Pass;
}

function setUp(routes: readonly Route[] = [], more: Partial<DeliveryConfig> = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const hosts = [new ScriptedMx(network, first), new ScriptedMx(network, second)] as const;
  const resolver = new MemoryResolver();
  resolver.set("example.net", "mx", [
    { preference: 10, exchange: "a.example" },
    { preference: 20, exchange: "b.example" },
  ]);
  resolver.set("a.example", "a", [first]).set("b.example", "a", [second]);
  const pool = new SessionPool(clock);
  const random = seededRandom(1);
  const settings = { ...config, routes, ...more };
  const sources = new Sources({
    ...{ clock, config: settings },
    isAvoided: () => false,
    avoidance: () => 0,
  });
  const tenure = { isOver: false };
  const attempts = new Attempts({
    transport: network.transport("192.0.2.99"),
    clock,
    deadlines: new Deadlines(clock),
    timings: config.timings,
    config: settings,
    nextHops: new NextHops({ config: settings, resolver, random }),
    pool,
    limits: unlimited,
    measures: nothingSkipped,
    sources,
    log: silentLog,
    isOver: () => tenure.isOver,
    me: incarnation("w/1"),
  });
  const run = async (unit = unitOf(), how: How = {}) => {
    const { within = 0, bytes = content, pass = freePass(net) } = how;
    const running = attempts.attempt(unit, bytes, { ...pass, session: pool.take(net) });
    await clock.advance(within);
    return await running;
  };
  const table = new LimitTable();
  const limited = (kind: "connections" | "newConnections", max: number) => {
    const common = { name: kind, scope: ["destination"] as const, provenance: "the test" };
    const limit =
      kind === "connections"
        ? { ...common, kind, max }
        : { ...common, kind, rate: { amount: 1, periodMs: 3_600_000, burst: max } };
    return freePass(net, { bound: table.bind([limit], { destination: net }) });
  };
  /** No source is left. */
  const removeSources = () => {
    Object.assign(settings, { sources: [] });
    sources.reload();
  };
  return { clock, network, hosts, pool, attempts, run, limited, tenure, removeSources };
}

const words = (report: Awaited<ReturnType<ReturnType<typeof setUp>["run"]>>) =>
  report.outcomes.map((o) => (o.kind === "delivered" ? "delivered" : `${o.kind} ${o.scope}`));

describe("an attempt", () => {
  test("delivers to the best host, and tells which", async () => {
    const { run, hosts, pool } = setUp();
    const report = await run();
    expect(words(report)).toEqual(["delivered"]);
    expect(report.remote).toBe("a.example[192.0.2.1]");
    expect([hosts[0].taken.length, hosts[1].taken.length, pool.size]).toEqual([1, 0, 1]);
  });

  test("tells over which session it went", async () => {
    const { run, pool } = setUp();
    const [first, second] = [await run(), await run()];
    expect([first.sessionId, second.sessionId]).toEqual(["w/1/1", "w/1/1"]);
    pool.close();
    expect((await run()).sessionId).toBe("w/1/2");
  });

  test("tells how it went: with extensions, or without", async () => {
    const { run, hosts, pool } = setUp();
    expect((await run()).transmission).toBe("ESMTP");
    pool.close();
    const answer = (command: string) => (command.startsWith("EHLO") ? "502 5.5.1 No" : undefined);
    Object.assign(hosts[0], { script: { answer } });
    const old = await run();
    expect(words(old)).toEqual(["delivered"]);
    expect([old.transmission, old.tls]).toEqual(["SMTP", undefined]);
  });

  test.each<[string, (s: ReturnType<typeof setUp>) => void]>([
    ["refuses connections", (s) => s.network.refuse(first)],
    [
      "does not greet us",
      (s) =>
        Object.assign(s.hosts[0], {
          script: { answer: (c: string) => (c === "CONNECT" ? "554 5.3.2 No" : undefined) },
        }),
    ],
    [
      "says 421",
      (s) =>
        Object.assign(s.hosts[0], {
          script: { answer: (c: string) => (c.startsWith("MAIL") ? "421 4.3.2 Down" : undefined) },
        }),
    ],
    [
      "breaks off before the end",
      (s) =>
        Object.assign(s.hosts[0], {
          script: { answer: (c: string) => (c === "DATA" ? "close" : undefined) },
        }),
    ],
  ])("goes on to the next host when the first one %s", async (_, set) => {
    const bench = setUp();
    set(bench);
    const report = await bench.run();
    expect(words(report)).toEqual(["delivered"]);
    expect([bench.hosts[0].taken.length, bench.hosts[1].taken.length]).toEqual([0, 1]);
  });

  test("to the next host go only those whom the first did not settle", async () => {
    const { run, hosts } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c.includes("gone@")) return "550 5.1.1 No";
        return c === "DATA" ? "close" : undefined;
      },
    };
    const recipients = ["gone", "b"].map((name) => ({ path: path(`${name}@example.net`) }));
    const report = await run(unitOf({ recipients }));
    expect(words(report)).toEqual(["permanent recipient", "delivered"]);
    expect(hosts[1].recipients).toEqual(["b@example.net"]);
  });

  test("from a source that goes meanwhile no further host is asked, nor from anywhere else", async () => {
    const sources = [{ name: "ip1", egress: { address: "192.0.2.101" } }];
    const { run, hosts, removeSources } = setUp([], { sources });
    hosts[0].script = {
      answer: (c) => {
        if (c.startsWith("MAIL")) removeSources();
        return c.startsWith("MAIL") ? "close" : undefined;
      },
    };
    const pass = freePass(net, { subject: { destination: net, source: "ip1" } });
    expect(words(await run(unitOf(), { pass }))).toEqual(["transient host"]);
    expect(hosts.map(({ greetings }) => greetings.map(({ from }) => from))).toEqual([
      ["192.0.2.101"],
      [],
    ]);
  });

  test("in doubt no other host is asked, and it is counted", async () => {
    const { run, hosts } = setUp();
    hosts[0].script = { answer: (c) => (c === "." ? "close" : undefined) };
    const report = await run();
    expect(words(report)).toEqual(["transient transaction"]);
    expect([report.inDoubt, hosts[1].sessionsEver]).toEqual([1, 0]);
  });

  test("a session is used again, and one that died while it waited costs nothing", async () => {
    const { run, hosts, network, clock } = setUp();
    await run();
    await run();
    expect(hosts[0].sessionsEver).toBe(1);
    network.cutHost(first);
    await clock.advance(0);
    expect(words(await run())).toEqual(["delivered"]);
    expect([hosts[0].sessionsEver, hosts[1].sessionsEver]).toEqual([2, 0]);
  });

  test("a line too long for SMTP is refused here, but not on a route", async () => {
    const long = Buffer.from(`Subject: x\r\n\r\n${"x".repeat(2_000)}\r\n`);
    expect(words(await setUp().run(unitOf(), { bytes: long }))).toEqual(["permanent transaction"]);
    const nextHop = { protocol: "smtp", host: first, port: 25 } as const;
    const routed = setUp([{ domain: "*", nextHop }]);
    expect(words(await routed.run(unitOf(), { bytes: long }))).toEqual(["delivered"]);
  });

  test("a host that says nothing more is given up in its time, and the next one asked", async () => {
    const { run, hosts, network } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c.startsWith("MAIL")) network.blackhole(first);
        return undefined;
      },
    };
    const report = await run(unitOf(), { within: 6 * minute });
    expect(words(report)).toEqual(["delivered"]);
    expect(report.durationMs).toBeGreaterThanOrEqual(5 * minute);
    expect(hosts[1].taken.length).toBe(1);
  });

  test("dropped while it connects, it sends nothing and blames nobody", async () => {
    const { clock, hosts, network, attempts } = setUp();
    network.blackhole(first);
    const running = attempts.attempt(unitOf(), content, freePass(net));
    await clock.advance(1_000);
    attempts.dropUncommitted();
    await clock.advance(minute);
    expect(words(await running)).toEqual(["transient transaction"]);
    expect([...hosts[0].taken, ...hosts[1].taken]).toEqual([]);
  });

  test("dropped behind its final dot, it waits for the reply, and uses the session no more", async () => {
    const { clock, hosts, network, attempts, pool } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c === ".") network.blackhole(first);
        return undefined;
      },
    };
    const running = attempts.attempt(unitOf(), content, freePass(net));
    await clock.advance(0);
    attempts.dropUncommitted();
    network.accept(first);
    await clock.advance(0);
    expect(words(await running)).toEqual(["delivered"]);
    expect([hosts[0].sessions, pool.size]).toEqual([0, 0]);
  });

  test("nothing is sent, to no host, once the shard may be another's, though nobody has dropped it", async () => {
    const { run, hosts, tenure } = setUp();
    hosts[0].script = {
      answer: (c) => {
        // The reply waits, as for a process that stands still.
        if (c === "DATA") tenure.isOver = true;
        return undefined;
      },
    };
    expect(words(await run())).toEqual(["transient host"]);
    expect([...hosts[0].taken, ...hosts[1].taken]).toEqual([]);
  });

  test("behind its final dot it waits for the reply all the same", async () => {
    const { run, hosts, tenure } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c === ".") tenure.isOver = true;
        return undefined;
      },
    };
    expect(words(await run())).toEqual(["delivered"]);
  });

  test("one that is leaving leaves at once when its place is needed", async () => {
    const { run, hosts, network, limited } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c === "QUIT") network.blackhole(first);
        return c.startsWith("RCPT") ? "421 4.3.2 Down" : undefined;
      },
    };
    expect(words(await run(unitOf(), { pass: limited("connections", 1) }))).toEqual(["delivered"]);
    expect([hosts[0].sessions, hosts[1].sessions]).toEqual([0, 1]);
  });

  test("where a limit allows no further connection it ends with what is known, or as never begun", async () => {
    const { run, hosts, network, limited } = setUp();
    const pass = limited("newConnections", 1);
    network.refuse(first);
    const report = await run(unitOf(), { pass });
    expect(words(report)).toEqual(["transient host"]);
    expect([report.isVoid, report.limited?.binding.limit.name]).toEqual([false, "newConnections"]);
    const next = await run(unitOf(), { pass });
    expect([next.isVoid, next.inDoubt, hosts[1].sessionsEver]).toEqual([true, 0, 0]);
  });

  test("where the limit is spent on a broken TLS, it was an attempt, and the next is made without", async () => {
    const { run, hosts, limited } = setUp();
    // What comes with the reply is none of a handshake.
    const answer = (c: string) => (c === "STARTTLS" ? "220 2.0.0 Go\r\n250 What?" : undefined);
    hosts[0].script = { extensions: ["STARTTLS"], answer };
    const report = await run(unitOf(), { pass: limited("newConnections", 1) });
    expect([report.isVoid, report.limited?.binding.limit.name]).toEqual([false, "newConnections"]);
    expect(report.outcomes).toMatchObject([{ kind: "transient", scope: "host", status: "4.7.5" }]);
    expect(words(await run())).toEqual(["delivered"]);
    expect([hosts[0].sessionsEver, hosts[1].sessionsEver]).toEqual([2, 0]);
  });

  test("many recipients go in as many transactions as they need, over one session", async () => {
    const { run, hosts } = setUp();
    const recipients = Array.from({ length: 7 }, (_, n) => ({ path: path(`b${n}@example.net`) }));
    const pass = freePass(net, { recipientsPerTransaction: 3 });
    hosts[0].script = { answer: (c) => (c.includes("b4@") ? "550 5.1.1 No" : undefined) };
    const report = await run(unitOf({ recipients }), { pass });
    expect(words(report)).toEqual(
      recipients.map((_, n) => (n === 4 ? "permanent recipient" : "delivered")),
    );
    expect([hosts[0].sessionsEver, hosts[0].taken.length]).toEqual([1, 3]);
  });
});
