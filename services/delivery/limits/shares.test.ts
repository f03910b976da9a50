import { describe, expect, test } from "bun:test";
import type { BoundLimit, Permit } from "#lib/limits/acquire";
import type { ConnectionLimit, CountedLimit, Demand, RateLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { crashed, limitsCluster } from "../../../test/support/limits/limits-cluster.ts";
import { shard } from "../../../test/support/records.ts";
import type { WorkerLimits } from "./worker-limits.ts";

const zero = shard(0);
const named = { name: "all", scope: ["provider"], provenance: "shaping.yaml:3" } as const;
const perSecond: RateLimit = { ...named, kind: "messages", rate: rateOf(100, 1_000) };
const ten: ConnectionLimit = { ...named, kind: "connections", max: 10 };
const message: Demand = { messages: 1 };
const connection: Demand = { connections: 1 };

function bind(limits: WorkerLimits, limit: CountedLimit, provider = "p"): readonly BoundLimit[] {
  return limits.bind(zero, [limit], { destination: "a.example", provider });
}

/** Asks, and again each time that it is woken, until so many are granted. */
function want(limits: WorkerLimits, bound: readonly BoundLimit[], demand: Demand, count: number) {
  const permits: Permit[] = [];
  const go = () => {
    while (permits.length < count) {
      const acquired = limits.acquire(bound, demand);
      if (acquired.kind === "refused") {
        limits.whenWorthAsking(acquired, { demand, times: count - permits.length }, go);
        return;
      }
      permits.push(acquired.permit);
    }
  };
  go();
  return permits;
}

describe("shares of a worker", () => {
  test("come when they are waited for, from all homes of all keys, with one message to each", async () => {
    const { clock, all, asked } = limitsCluster({ shards: 4 });
    const { limits, me } = all[1] ?? all[0] ?? never();
    const keys = Array.from({ length: 200 }, (_, n) => bind(limits, perSecond, `p${n}`));
    const permits = keys.map((bound) => want(limits, bound, message, 1));
    await clock.advance(10);
    expect(permits.filter(({ length }) => length === 1)).toHaveLength(200);
    expect(asked.get(me)).toBe(4);
  });

  test("are renewed while they are used, given back when they are not, and then not asked about", async () => {
    const { clock, all, first, asked } = limitsCluster();
    const [own, other] = all;
    if (own === undefined || other === undefined) throw new Error("there are two");
    const bound = bind(other.limits, perSecond);
    const permits = want(other.limits, bound, message, 400);
    await clock.advance(4_100);
    expect(permits).toHaveLength(400);
    await clock.advance(6_000);
    expect(other.limits.size.shared).toBe(0);
    const before = asked.get(other.me);
    await clock.advance(60_000);
    expect(asked.get(other.me)).toBe(before ?? 0);
    // All of the burst is there for the other.
    const rest = want(first.limits, bind(first.limits, perSecond), message, 10);
    await clock.advance(0);
    expect(rest).toHaveLength(10);
  });

  test("go back at once when their worker stops in good order", async () => {
    const { clock, all, first } = limitsCluster();
    const { limits } = all[1] ?? never();
    want(limits, bind(limits, perSecond), message, 1_000);
    const held = want(limits, bind(limits, ten), connection, 10);
    await clock.advance(1_000);
    for (const permit of held) limits.release(permit);
    limits.giveBack();
    limits.stop();
    const messages = want(first.limits, bind(first.limits, perSecond), message, 1_000);
    const connections = want(first.limits, bind(first.limits, ten), connection, 10);
    await clock.advance(1_000);
    expect(messages.length).toBeGreaterThanOrEqual(95);
    expect(connections).toHaveLength(10);
  });

  test("of connections are divided as sessions end", async () => {
    const { clock, all } = limitsCluster();
    const [one, two] = all.map(({ limits }) => limits);
    if (one === undefined || two === undefined) throw new Error("there are two");
    const held = want(one, bind(one, ten), connection, 20);
    await clock.advance(100);
    expect(held).toHaveLength(10);
    const others = want(two, bind(two, ten), connection, 20);
    await clock.advance(5_000);
    expect(others).toHaveLength(0);
    expect(held.filter((permit) => one.excess(permit))).toHaveLength(10);
    for (const permit of held.splice(0, 5)) one.release(permit);
    await clock.advance(5_000);
    expect(held.length + others.length).toBe(10);
    expect(others.length).toBeGreaterThanOrEqual(4);
    expect(held.some((permit) => one.excess(permit))).toBe(false);
  });

  test("of connections that fell are told to be free as soon as they are", async () => {
    const { clock, all } = limitsCluster();
    const [one, two] = all.map(({ limits }) => limits);
    if (one === undefined || two === undefined) throw new Error("there are two");
    const held = want(one, bind(one, ten), connection, 10);
    await clock.advance(10);
    const others = want(two, bind(two, ten), connection, 10);
    // Until it has asked for them again.
    await clock.advance(3_000);
    expect(others).toHaveLength(0);
    while (held.some((permit) => one.excess(permit))) one.release(held.pop() ?? never());
    await clock.advance(10);
    expect([held.length > 0, held.length + others.length]).toEqual([true, 10]);
  });

  test("of connections that are not used go to others that want more, those that are do not", async () => {
    const { clock, all } = limitsCluster();
    const [one, two] = all.map(({ limits }) => limits);
    if (one === undefined || two === undefined) throw new Error("there are two");
    const held = want(one, bind(one, ten), connection, 8);
    await clock.advance(10);
    for (const permit of held.splice(0, 6)) one.release(permit);
    await clock.advance(1_100);
    // Between two renewals of the first.
    const others = want(two, bind(two, ten), connection, 10);
    await clock.advance(600);
    expect([held.length, others.length]).toEqual([2, 8]);
  });

  test("that are nobody's any more are free, though the word of it was lost", async () => {
    const { clock, all, bus, first, ends } = limitsCluster();
    const other = all[1] ?? never();
    const held = want(other.limits, bind(other.limits, ten), connection, 10);
    await clock.advance(10);
    for (const end of ends) end();
    for (const permit of held) other.limits.release(permit);
    await clock.advance(12_000);
    expect(other.limits.size.shared).toBe(0);
    bus.serveShard(
      zero,
      first.limits.handler(async () => null, zero),
    );
    const permits = want(first.limits, bind(first.limits, ten), connection, 10);
    await clock.advance(6_000);
    expect(permits).toHaveLength(10);
  });

  test("are counted: refusals by kind, questions, and messages without an answer", async () => {
    const { clock, first, counted, ends } = limitsCluster();
    want(first.limits, bind(first.limits, perSecond), message, 1);
    await clock.advance(10);
    expect(counted).toEqual({ refused: ["messages true"], asked: 1, silent: 0 });
    for (const end of ends) end();
    want(first.limits, bind(first.limits, ten), connection, 1);
    await clock.advance(800);
    expect([counted.silent, first.limits.silentHomes]).toEqual([2, 1]);
  });

  test("take twenty thousand keys in few messages", async () => {
    const { clock, all, asked } = limitsCluster({ shards: 4 });
    const { limits, me } = all[1] ?? never();
    const slow: RateLimit = { ...perSecond, rate: rateOf(1, 60_000) };
    const bounds = Array.from({ length: 20_000 }, (_, n) => bind(limits, slow, `p${n}`));
    const permits = bounds.map((bound) => want(limits, bound, message, 2));
    expect(limits.size).toEqual({ waitedFor: 20_000, shared: 20_000 });
    await clock.advance(100);
    expect(permits.every(({ length }) => length === 1)).toBe(true);
    // 500 keys in a message.
    expect(asked.get(me)).toBeLessThanOrEqual(44);
    await clock.advance(4_900);
    expect(asked.get(me)).toBeLessThanOrEqual(3 * 44);
  }, 20_000);

  test("go on under the limits that apply since: what is open counts, and is told", async () => {
    const { clock, first } = limitsCluster();
    const { limits } = first;
    const permits = want(limits, bind(limits, ten), connection, 1);
    await clock.advance(10);
    const [held] = permits;
    if (held === undefined) throw new Error("it was granted");
    const since = bind(limits, { ...ten, name: "another", max: 1 });
    limits.rebind(held, since);
    expect(limits.excess(held)).toBe(true);
    await clock.advance(1_000);
    // Its home has heard of it.
    expect(limits.excess(held)).toBe(false);
    expect(limits.acquire(since, connection).kind).toBe("refused");
  });
});

describe("a home of shares", () => {
  test("that is new after a crash calls the roll, and grants when all have answered or are gone", async () => {
    const { clock, all, first, members } = limitsCluster({ workers: 3, opened: "after a crash" });
    const silent = all[2] ?? never();
    silent.unserve();
    const permits = want(first.limits, bind(first.limits, ten), connection, 3);
    await clock.advance(20_000);
    expect(permits).toHaveLength(0);
    members.delete(silent.me);
    await clock.advance(2_000);
    expect(permits).toHaveLength(3);
  });

  test("counts what others have open that it has not heard of", async () => {
    const { clock, all, ends, own } = limitsCluster();
    const [one, two] = all.map(({ limits }) => limits);
    if (one === undefined || two === undefined) throw new Error("there are two");
    const held = want(two, bind(two, ten), connection, 7);
    await clock.advance(10);
    one.close(zero);
    for (const end of ends) end();
    own(one, 0, crashed);
    const permits = want(one, bind(one, ten), connection, 20);
    await clock.advance(7_000);
    expect([held.length, permits.length]).toEqual([7, 3]);
  });

  test("frees connections of a worker that is gone", async () => {
    const { clock, all, first, members } = limitsCluster();
    const other = all[1] ?? never();
    want(other.limits, bind(other.limits, ten), connection, 10);
    await clock.advance(10);
    other.limits.stop();
    other.unserve();
    const permits = want(first.limits, bind(first.limits, ten), connection, 10);
    await clock.advance(30_000);
    expect(permits).toHaveLength(0);
    members.delete(other.me);
    await clock.advance(5_000);
    expect(permits).toHaveLength(10);
  });

  test("that is handed over goes on at once, and its shard's own counts with it", async () => {
    const { clock, all, ends, own, first } = limitsCluster();
    const other = all[1] ?? never();
    const mine: RateLimit = { ...perSecond, scope: ["destination"], rate: rateOf(1, 60_000) };
    expect(first.limits.acquire(bind(first.limits, mine), message).kind).toBe("granted");
    first.limits.leave(zero);
    const limits = first.limits.handOver(zero);
    for (const end of ends) end();
    if (limits === undefined) throw new Error("it is small");
    own(other.limits, 0, { epoch: crashed.epoch, checkpoint: { floor: 0, journals: [], limits } });
    const shared = want(other.limits, bind(other.limits, perSecond), message, 5);
    await clock.advance(10);
    expect(shared).toHaveLength(5);
    const refused = other.limits.acquire(bind(other.limits, mine), message);
    expect(refused).toMatchObject({ until: expect.closeTo(60_000, -2) });
  });

  test("that cannot be read is as one after a crash", async () => {
    const { clock, all, own, first, ends } = limitsCluster();
    first.limits.close(zero);
    for (const end of ends) end();
    const limits = new Uint8Array([1, 2, 3]);
    const other = all[1] ?? never();
    own(other.limits, 0, { epoch: crashed.epoch, checkpoint: { floor: 0, journals: [], limits } });
    const permits = want(other.limits, bind(other.limits, perSecond), message, 1);
    await clock.advance(5_000);
    expect(permits).toHaveLength(0);
    await clock.advance(1_000);
    expect(permits).toHaveLength(1);
  });

  test("leaves what is no question for shares to others", async () => {
    const { bus, first } = limitsCluster();
    expect(await bus.ask(zero, { verb: "queue.list", arguments: {} })).toBe("not a quota");
    expect(await bus.askWorker(first.me, { verb: "x", arguments: {} })).toBe("not a quota");
  });
});

describe("explain", () => {
  test("tells of a shard's own limits what is taken, and when the next may go", () => {
    const { first } = limitsCluster();
    const own: RateLimit = { ...perSecond, scope: ["destination"], rate: rateOf(1, 1_000) };
    const [bound] = bind(first.limits, own);
    if (bound === undefined) throw new Error("it applies");
    first.limits.acquire([bound], message);
    const told = first.limits.explain(bound);
    expect(told).toEqual({
      limit: own,
      key: bound.key,
      nextInMs: expect.closeTo(1_000, 1),
      taken: 1,
      waiting: 0,
    });
  });

  test("tells of shared ones the share, the home, and whether it answers", async () => {
    const { clock, first, ends } = limitsCluster();
    const { limits } = first;
    const [bound] = bind(limits, ten);
    if (bound === undefined) throw new Error("it applies");
    expect(limits.explain(bound).shared).toEqual({ home: zero, standing: "none" });
    want(limits, [bound], connection, 2);
    expect(limits.explain(bound)).toMatchObject({ nextInMs: undefined, taken: 0, waiting: 2 });
    await clock.advance(10);
    expect(limits.explain(bound)).toMatchObject({
      nextInMs: undefined,
      taken: 2,
      waiting: 0,
      shared: { home: zero, standing: "valid", share: { kind: "connections", max: 2 } },
    });
    for (const end of ends) end();
    await clock.advance(10_000);
    expect(limits.explain(bound).shared?.homeSilentMs).toBeGreaterThan(5_000);
  });
});

describe("a shard that is given away", () => {
  test("waits until its sessions are closed", async () => {
    const { first } = limitsCluster();
    const { limits } = first;
    const own: ConnectionLimit = { ...ten, scope: ["destination"] };
    const acquired = limits.acquire(bind(limits, own), connection);
    if (acquired.kind === "refused") throw new Error("it is granted");
    limits.leave(zero);
    expect(limits.excess(acquired.permit)).toBe(true);
    expect(limits.acquire(bind(limits, own), connection).kind).toBe("refused");
    let isClosed = false;
    const closed = limits.whenClosed(zero).then(() => {
      isClosed = true;
    });
    await Promise.resolve();
    expect(isClosed).toBe(false);
    limits.release(acquired.permit);
    await closed;
    await limits.whenClosed(zero);
  });
});

function never(): never {
  throw new Error("there are so many");
}
