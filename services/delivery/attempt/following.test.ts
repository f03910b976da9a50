/** A unit that follows another over its connection, before the reply to that one's final dot (ADR 0021). */
import { describe, expect, test } from "bun:test";
import { Deadlines } from "#lib/deadlines";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { MemoryNetwork } from "#lib/net/memory-transport";
import { seededRandom } from "#lib/random";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { config, minute } from "../../../test/support/delivery/delivery-bench.ts";
import {
  freePass,
  noSources,
  nothingSkipped,
  unlimited,
} from "../../../test/support/delivery/free-pass.ts";
import { type MxScript, ScriptedMx } from "../../../test/support/delivery/scripted-mx.ts";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import { destination, incarnation, path } from "../../../test/support/records.ts";
import type { Path } from "../path/paths.ts";
import { Attempts } from "./attempt.ts";
import { NextHops } from "./next-hops.ts";
import type { Pass } from "./pass.ts";
import { type Lent, SessionPool } from "./session-pool.ts";

const [best, other] = ["192.0.2.1", "192.0.2.2"];
const net = destination("example.net");
const content = Buffer.from("Subject: x\r\n\r\nHello\r\n");
const latencyMs = 10;

function setUp(script: MxScript = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, { latencyMs: () => latencyMs });
  const hosts = [new ScriptedMx(network, best), new ScriptedMx(network, other)] as const;
  hosts[0].script = script;
  const resolver = new MemoryResolver();
  resolver.set("example.net", "mx", [
    { preference: 10, exchange: "a.example" },
    { preference: 20, exchange: "b.example" },
  ]);
  resolver.set("a.example", "a", [best]).set("b.example", "a", [other]);
  const pool = new SessionPool(clock);
  const tenure = { isOver: false };
  const attempts = new Attempts({
    ...{ transport: network.transport("192.0.2.99"), clock, deadlines: new Deadlines(clock) },
    ...{ timings: config.timings, config, limits: unlimited, measures: nothingSkipped },
    nextHops: new NextHops({ config, resolver, random: seededRandom(1) }),
    ...{ pool, sources: noSources(clock), log: silentLog },
    isOver: () => tenure.isOver,
    me: incarnation("w/1"),
  });
  const unit = (n: number, localPart = `user${n}`) =>
    unitOf({ uid: nthUid(n), recipients: [{ path: path(`${localPart}@example.net`) }] });
  /** The first unit, and each next one as soon as it may follow; those that may not are not begun. */
  const run = async (count: number, more: Partial<Path> = {}, within = 10 * minute) => {
    const running: ReturnType<Attempts["attempt"]>[] = [];
    const begin = (pass: Pass) => {
      const sent = (lent: Lent) => {
        if (running.length === count || !pool.takeLent(lent)) return;
        begin({ ...pass, session: lent.session, follows: lent });
      };
      const n = running.length + 1;
      running.push(attempts.attempt(unit(n), content, { ...pass, sent }));
    };
    begin({ ...freePass(net, more), session: pool.take(net) });
    await clock.advance(within);
    return await Promise.all(running);
  };
  return { clock, network, hosts, pool, attempts, tenure, unit, run };
}

type Reports = Awaited<ReturnType<ReturnType<typeof setUp>["run"]>>;

const words = (reports: Reports) =>
  reports.map(({ outcomes, isVoid, inDoubt }) => {
    const [outcome] = outcomes;
    if (isVoid) return "void";
    if (outcome?.kind === "delivered") return "delivered";
    return `${outcome?.kind} ${outcome?.scope}${inDoubt > 0 ? " in doubt" : ""}`;
  });

/** Answers the nth final dot, counted from 1, with this. */
function atDot(nth: number, said: ReturnType<NonNullable<MxScript["answer"]>>): MxScript {
  let dots = 0;
  return {
    answer: (command) => {
      if (command === ".") dots += 1;
      return command === "." && dots === nth ? said : undefined;
    },
  };
}

/** Refuses this MAIL, and what stands behind it. */
function refusing(isRefused: (mails: number) => boolean) {
  let count = 0;
  const answer = (command: string) => {
    if (command.startsWith("MAIL")) count += 1;
    const isOfEnvelope = /^(MAIL|RCPT|DATA)/.test(command);
    return isOfEnvelope && isRefused(count) ? ("503 5.5.1 Bad sequence" as const) : undefined;
  };
  return { answer, mails: () => count };
}

describe("a unit that follows another", () => {
  test("is sent over its connection, at a round trip each", async () => {
    const { run, hosts, clock, pool } = setUp();
    const began = clock.monotonic();
    let last = 0;
    hosts[0].script = {
      answer: (c) => {
        if (c === ".") last = clock.monotonic() - began;
        return undefined;
      },
    };
    expect(words(await run(10, {}, 4_000))).toEqual(Array(10).fill("delivered"));
    expect([hosts[0].sessionsEver, hosts[0].taken.length, pool.size]).toEqual([1, 10, 1]);
    // SYN, greeting, EHLO, the first envelope; and a round trip for each content but the last's reply.
    expect(last).toBeLessThanOrEqual(2 * latencyMs * (3 + 10 + 1));
    expect(hosts[0].taken.map(({ recipients }) => recipients[0])).toEqual(
      Array.from({ length: 10 }, (_, n) => `user${n + 1}@example.net`),
    );
  });

  test("is sent when the last of a large content has left", async () => {
    const { attempts, clock, hosts, unit } = setUp();
    const large = Buffer.from(`Subject: x\r\n\r\n${"Hello\r\n".repeat(300_000)}`);
    const takenThen: number[] = [];
    const sent = () => void takenThen.push(hosts[0].taken.length);
    const running = attempts.attempt(unit(1), large, { ...freePass(net), sent });
    await clock.advance(minute);
    expect(words([await running])).toEqual(["delivered"]);
    expect(takenThen).toEqual([0]);
  });

  test("goes on when that one is refused", async () => {
    const { run, hosts } = setUp(atDot(1, "554 5.7.1 Spam"));
    expect(words(await run(3))).toEqual(["permanent transaction", "delivered", "delivered"]);
    expect(hosts[0].sessionsEver).toBe(1);
  });

  test("counts as never begun when the host closes at the final dot, and asks the next host alone", async () => {
    const { run, hosts, pool } = setUp(atDot(1, "421 4.3.2 Down"));
    expect(words(await run(2, {}, 1_000))).toEqual(["delivered", "void"]);
    expect([hosts[0].taken.length, hosts[1].recipients]).toEqual([0, ["user1@example.net"]]);
    expect(pool.size).toBe(1);
  });

  test("counts as never begun when the connection is lost before that one's reply", async () => {
    const { run, hosts, pool } = setUp(atDot(1, "close"));
    expect(words(await run(2))).toEqual(["transient transaction in doubt", "void"]);
    expect([hosts[0].taken.length, hosts[1].sessionsEver, pool.size]).toEqual([0, 0, 0]);
    // The host may throw away what stands behind a dot: for a while nothing follows there.
    hosts[0].script = {};
    expect(words(await run(2))).toEqual(["delivered"]);
    expect(words(await run(2, {}, 61 * minute))).toEqual(["delivered"]);
    expect(words(await run(2))).toEqual(["delivered", "delivered"]);
  });

  test("goes afresh when the connection is lost in its turn", async () => {
    let mails = 0;
    const { run, hosts } = setUp({
      answer: (c) => {
        if (c.startsWith("MAIL")) mails += 1;
        return c.startsWith("MAIL") && mails === 2 ? "close" : undefined;
      },
    });
    expect(words(await run(2))).toEqual(["delivered", "delivered"]);
    expect([hosts[0].sessionsEver, hosts[1].sessionsEver]).toEqual([2, 0]);
    expect(hosts[0].recipients).toEqual(["user1@example.net", "user2@example.net"]);
  });

  test("that a host throws away is sent again alone, and nothing follows there for a while", async () => {
    let isThrowing = false;
    const { run, hosts } = setUp({
      answer: (c) => {
        if (c === ".") isThrowing = hosts[0].taken.length === 0;
        else if (c === "CONNECT") isThrowing = false;
        return isThrowing && c !== "." ? "nothing" : undefined;
      },
    });
    const reports = await run(2);
    expect(words(reports)).toEqual(["delivered", "delivered"]);
    for (const { durationMs } of reports) expect(durationMs).toBeLessThanOrEqual(32_000);
    expect(hosts[0].recipients).toEqual(["user1@example.net", "user2@example.net"]);
    expect(words(await run(2))).toEqual(["delivered"]);
  });

  test("takes no reply that is meant for it for one to that unit, which is in doubt then", async () => {
    const { run, hosts } = setUp(atDot(1, "nothing"));
    expect(words(await run(2))).toEqual(["transient transaction in doubt", "delivered"]);
    expect([hosts[0].recipients, hosts[0].sessionsEver]).toEqual([["user2@example.net"], 2]);
  });

  test("is asked for again alone when the host refuses it for good at MAIL", async () => {
    const script = refusing((mails) => mails === 2);
    const { run, hosts } = setUp(script);
    expect(words(await run(2))).toEqual(["delivered", "delivered"]);
    expect([script.mails(), hosts[0].sessionsEver]).toEqual([3, 1]);
    expect(words(await run(2))).toEqual(["delivered"]);
  });

  test("and what the host says then holds", async () => {
    const script = refusing((mails) => mails > 1);
    const { run } = setUp(script);
    expect(words(await run(2))).toEqual(["delivered", "permanent transaction"]);
    expect(script.mails()).toBe(3);
  });

  test("waits for its turn no longer than half a minute, while that one waits on", async () => {
    let isSilent = false;
    const { run, hosts } = setUp({
      answer: (c) => {
        if (c === ".") isSilent = true;
        return isSilent ? "nothing" : undefined;
      },
    });
    const [first, second, ...more] = await run(2, {}, 12 * minute);
    expect([first, second].map((report) => words(report ? [report] : [])[0])).toEqual([
      "transient transaction in doubt",
      "void",
    ]);
    expect([more.length, hosts[0].taken.length]).toEqual([0, 0]);
    expect(second?.durationMs).toBeLessThanOrEqual(32_000);
    expect(first?.durationMs).toBeGreaterThanOrEqual(config.timings.reply.dataTermination);
  });

  test("is dropped at once, and nothing of it sent, while that one waits for its reply", async () => {
    const { attempts, clock, hosts, run, unit } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c === ".") expect(attempts.dropUncommitted()).toEqual([unit(2).uid]);
        return undefined;
      },
    };
    const running = run(2, {}, 1_000);
    expect(words(await running)).toEqual(["delivered", "void"]);
    await clock.advance(0);
    expect([hosts[0].recipients, hosts[0].sessions]).toEqual([["user1@example.net"], 0]);
  });

  test("is dropped while its envelope is answered, and that one is delivered all the same", async () => {
    let mails = 0;
    const { attempts, clock, hosts, run, unit } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c.startsWith("MAIL")) mails += 1;
        return mails === 2 && !c.startsWith("MAIL") ? "nothing" : undefined;
      },
    };
    clock.after(1_000, () => expect(attempts.dropUncommitted()).toEqual([unit(2).uid]));
    expect(words(await run(2, {}, 2_000))).toEqual(["delivered", "void"]);
    expect(hosts[0].taken.length).toBe(1);
  });

  test("is not sent once the shard may be another's, though the host consents", async () => {
    const { hosts, run, tenure } = setUp();
    hosts[0].script = {
      answer: (c) => {
        if (c === ".") tenure.isOver = true;
        return undefined;
      },
    };
    expect(words(await run(2))).toEqual(["delivered", "void"]);
    expect([hosts[0].recipients, hosts[0].sessions]).toEqual([["user1@example.net"], 0]);
  });

  test.each<[string, MxScript, Partial<Path>]>([
    ["where PIPELINING is not offered", { extensions: ["8BITMIME"] }, {}],
    ["over a connection that has had its messages", {}, { messagesPerConnection: 1 }],
  ])("is none %s", async (_, script, more) => {
    const { run, hosts } = setUp(script);
    expect(words(await run(2, more))).toEqual(["delivered"]);
    expect(hosts[0].taken.length).toBe(1);
  });

  test("is none before the last transaction of that one", async () => {
    const { attempts, clock, pool, hosts } = setUp();
    const recipients = ["b", "c", "d"].map((name) => ({ path: path(`${name}@example.net`) }));
    const taken: number[] = [];
    const sent = () => void taken.push(hosts[0].taken.length);
    const pass = { ...freePass(net, { recipientsPerTransaction: 1 }), sent };
    const running = attempts.attempt(unitOf({ recipients }), content, pass);
    await clock.advance(1_000);
    await running;
    expect([taken, hosts[0].taken.length, pool.size]).toEqual([[2], 3, 1]);
  });

  test("is one transaction of several, and none of them is sent when it is dropped", async () => {
    const { attempts, clock, hosts, pool } = setUp();
    const recipients = ["b", "c", "d"].map((name) => ({ path: path(`${name}@example.net`) }));
    const second = unitOf({ uid: nthUid(2), recipients });
    const pass = freePass(net, { recipientsPerTransaction: 2 });
    const both = async (more: MxScript) => {
      hosts[0].script = more;
      const running: ReturnType<Attempts["attempt"]>[] = [];
      const sent = (lent: Lent) => {
        if (!pool.takeLent(lent)) return;
        const follows = { ...pass, session: lent.session, follows: lent };
        running.push(attempts.attempt(second, content, follows));
      };
      running.push(attempts.attempt(unitOf(), content, { ...pass, sent }));
      await clock.advance(1_000);
      return () => Promise.all(running).then(words);
    };
    expect(await (await both({}))()).toEqual(["delivered", "delivered"]);
    expect(hosts[0].taken.length).toBe(3);
    const answer = (c: string) => {
      if (c === ".") attempts.dropUncommitted();
      return undefined;
    };
    expect(await (await both({ answer }))()).toEqual(["delivered", "void"]);
    expect([hosts[0].taken.length, hosts[0].sessions]).toEqual([4, 0]);
    let isSilent = false;
    const silent = (c: string) => {
      isSilent ||= c === ".";
      return isSilent ? "nothing" : undefined;
    };
    const unanswered = await both({ answer: silent });
    await clock.advance(12 * minute);
    expect(await unanswered()).toEqual(["transient transaction in doubt", "void"]);
  });

  test("may be late: then it has the session for itself, and nobody else has", async () => {
    const { attempts, clock, hosts, pool, unit } = setUp();
    const taken: Lent[] = [];
    const sent = (lent: Lent) => {
      if (pool.takeLent(lent)) taken.push(lent);
    };
    const leader = attempts.attempt(unit(1), content, { ...freePass(net), sent });
    await clock.advance(1_000);
    expect([words([await leader]), taken.length, pool.size]).toEqual([["delivered"], 1, 0]);
    const [follows] = taken;
    const pass = { ...freePass(net), session: follows?.session, ...(follows && { follows }) };
    const follower = attempts.attempt(unit(2), content, pass);
    await clock.advance(1_000);
    expect([words([await follower]), pool.size]).toEqual([["delivered"], 1]);
    expect(hosts[0].sessionsEver).toBe(1);
  });

  test("may be too late: where the session is gone by then it was not begun", async () => {
    const { attempts, clock, hosts, network, pool, unit } = setUp();
    const taken: Lent[] = [];
    const sent = (lent: Lent) => {
      if (pool.takeLent(lent)) taken.push(lent);
    };
    const leader = attempts.attempt(unit(1), content, { ...freePass(net), sent });
    await clock.advance(1_000);
    await leader;
    network.cutHost(best);
    await clock.advance(1_000);
    const [follows] = taken;
    const pass = { ...freePass(net), session: follows?.session, ...(follows && { follows }) };
    const follower = attempts.attempt(unit(2), content, pass);
    await clock.advance(1_000);
    expect(words([await follower])).toEqual(["void"]);
    expect([hosts[0].sessionsEver, hosts[1].sessionsEver]).toEqual([1, 0]);
  });

  test("a host is tried with one connection, and with all when that went well", async () => {
    const { attempts, clock, pool, unit } = setUp();
    const lent: Lent[] = [];
    const pass = { ...freePass(net), sent: (each: Lent) => void lent.push(each) };
    const both = async () => {
      const running = [1, 2].map((n) => attempts.attempt(unit(n), content, pass));
      await clock.advance(1_000);
      await Promise.all(running);
      return lent.splice(0).length;
    };
    expect(await both()).toBe(1);
    pool.close();
    const follower = (each: Lent) => {
      if (!pool.takeLent(each)) return;
      void attempts.attempt(unit(3), content, { ...pass, session: each.session, follows: each });
    };
    const leader = attempts.attempt(unit(1), content, { ...pass, sent: follower });
    await clock.advance(1_000);
    await leader;
    lent.splice(0);
    expect(await both()).toBe(2);
  });
});
