import { describe, expect, test } from "bun:test";
import { AssertionError } from "#lib/assert";
import { acquire, type BoundLimit } from "./acquire.ts";
import type { CountedLimit } from "./limit.ts";
import { type RateAnswer, shareValidMs } from "./share.ts";
import { ShareTable } from "./share-table.ts";

const rate: CountedLimit = {
  name: "google",
  kind: "messages",
  rate: { amount: 100, periodMs: 1_000, burst: 10 },
  scope: ["provider"],
  provenance: "shaping.yaml:7",
};
const connections: CountedLimit = {
  name: "google",
  kind: "connections",
  max: 20,
  scope: ["provider"],
  provenance: "shaping.yaml:8",
};
const wants = { wanted: 100, largest: 1 };

function bind(table: ShareTable, limit: CountedLimit): BoundLimit {
  const [bound] = table.bind([limit], { destination: "a.example", provider: "google" });
  if (bound === undefined) throw new Error("it applies");
  return bound;
}

/** 10/s, burst 2. */
function shareOf(number: number, tokens: number): RateAnswer {
  return { kind: "share", number, perMs: 0.01, burst: 2, tokens };
}

function messagesAt(bound: BoundLimit, now: number): number {
  for (let taken = 0; ; taken++) {
    if (acquire([bound], { messages: 1 }, now).kind === "refused") return taken;
  }
}

function connectionsAt(bound: BoundLimit, now: number) {
  const permits = [];
  for (;;) {
    const acquired = acquire([bound], { connections: 1 }, now);
    if (acquired.kind === "refused") return permits;
    permits.push(acquired.permit);
  }
}

describe("shares of a rate", () => {
  test("are for what has a home", () => {
    const own: CountedLimit = { ...rate, scope: ["destination"] };
    const bound = new ShareTable("w.1").bind([own, rate], {
      destination: "a.example",
      provider: "g",
    });
    expect(bound.map(({ limit }) => limit)).toEqual([rate]);
  });

  test("let nothing through before the first", () => {
    const bound = bind(new ShareTable("w.1"), rate);
    const acquired = acquire([bound], { messages: 1 }, 0);
    const until = Number.POSITIVE_INFINITY;
    expect(acquired).toEqual({ kind: "refused", binding: bound, until, bound: [bound] });
  });

  test("give their tokens at once, the rest at their pace, and nothing after they lapse", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    const ask = table.askRate(bound.key, wants, 1_000);
    expect(ask).toEqual({ holder: "w.1", number: 1, wanted: 100, largest: 1, unspent: 0 });
    expect(table.standing(bound.key, 1_000)).toBe("asked");
    table.rateAnswered(bound.key, shareOf(1, 1.5), 1_010);
    expect(table.standing(bound.key, 1_010)).toBe("valid");
    expect(messagesAt(bound, 1_010)).toBe(1);
    expect(messagesAt(bound, 1_059)).toBe(0);
    expect(messagesAt(bound, 1_060)).toBe(1);
    // It counts from before the question.
    expect(messagesAt(bound, 999 + shareValidMs)).toBe(2);
    expect(messagesAt(bound, 1_000 + shareValidMs)).toBe(0);
    expect(table.standing(bound.key, 1_000 + shareValidMs)).toBe("none");
  });

  test("are given back with the question, with what is left", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), 0);
    expect(messagesAt(bound, 0)).toBe(2);
    expect(table.askRate(bound.key, wants, 50).unspent).toBeCloseTo(0.5, 6);
    expect(messagesAt(bound, 2_000)).toBe(0);
    // The answer may be lost: nothing is left to be given back twice.
    expect(table.askRate(bound.key, wants, 2_000).unspent).toBe(0);
  });

  test("grow on the way of the question and the answer, whenever the home had it", () => {
    const slower = { kind: "share", number: 2, perMs: 0.002, burst: 2 } as const;
    const cases: [string, { spent: number; answer: RateAnswer; at: number }, number][] = [
      ["at the pace of both", { spent: 2, answer: shareOf(2, 0.5), at: 150 }, 1],
      ["at the slower one", { spent: 2, answer: { ...slower, tokens: 0.5 }, at: 150 }, 0.6],
      ["up to the burst that it had", { spent: 0, answer: shareOf(2, 1), at: 150 }, 1],
      ["up to the burst that it has", { spent: 2, answer: shareOf(2, 1.8), at: 150 }, 2],
      ["not of one that has lapsed", { spent: 2, answer: shareOf(2, 0), at: 5_000 }, 0],
    ];
    for (const [what, { spent, answer, at }, tokens] of cases) {
      const table = new ShareTable("w.1");
      const bound = bind(table, rate);
      table.askRate(bound.key, wants, 0);
      table.rateAnswered(bound.key, shareOf(1, 2), 0);
      for (let n = 0; n < spent; n++) acquire([bound], { messages: 1 }, 100);
      table.askRate(bound.key, wants, 100);
      table.rateAnswered(bound.key, answer, at);
      const share = table.share(bound.key, at);
      expect([what, share?.kind === "rate" && share.tokens]).toEqual([
        what,
        expect.closeTo(tokens),
      ]);
    }
  });

  test("take back what was not used, as long as they are the same", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    const spend = (now: number) => {
      const acquired = acquire([bound], { messages: 1 }, now);
      if (acquired.kind === "refused") throw new Error("there are tokens");
      return acquired.spent;
    };
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), 0);
    expect(spend(0).giveBack(0)).toEqual([bound.key]);
    const [first, second] = [spend(0), spend(0)];
    expect(first.giveBack(10)).toEqual([bound.key]);
    // The home has been told how much is left.
    expect(table.askRate(bound.key, wants, 20).unspent).toBeCloseTo(1.1, 6);
    expect(second.giveBack(20)).toEqual([]);
    table.rateAnswered(bound.key, shareOf(2, 1), 30);
    expect(second.giveBack(30)).toEqual([]);
    expect(messagesAt(bound, 30)).toBe(1);
  });

  test("come with the answer to the last question only, and once", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.askRate(bound.key, wants, 1_000);
    table.rateAnswered(bound.key, shareOf(1, 2), 1_000);
    expect(messagesAt(bound, 1_000)).toBe(0);
    table.rateAnswered(bound.key, shareOf(2, 2), 1_000);
    expect(messagesAt(bound, 1_000)).toBe(2);
    table.rateAnswered(bound.key, shareOf(2, 2), 1_000);
    expect(messagesAt(bound, 1_000)).toBe(0);
  });

  test("that come when they have lapsed are none", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), shareValidMs);
    expect(messagesAt(bound, shareValidMs)).toBe(0);
  });

  test("go on when a new home says that it is silent", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), 0);
    table.askRate(bound.key, wants, 2_500);
    table.rateAnswered(bound.key, { kind: "silent", number: 2, forMs: 5_000 }, 2_510);
    expect(messagesAt(bound, 2_510)).toBe(2);
    expect(messagesAt(bound, shareValidMs)).toBe(0);
  });

  test("do not go on when the question before may have been heard by the former home", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), 0);
    table.askRate(bound.key, wants, 2_500);
    table.askRate(bound.key, wants, 3_500);
    table.rateAnswered(bound.key, { kind: "silent", number: 3, forMs: 5_000 }, 3_510);
    expect(messagesAt(bound, 3_510)).toBe(0);
  });

  test("let nothing through that is larger than was asked for", () => {
    const table = new ShareTable("w.1");
    const bound = bind(table, rate);
    table.askRate(bound.key, wants, 0);
    table.rateAnswered(bound.key, shareOf(1, 2), 0);
    expect(acquire([bound], { messages: 3 }, 0).kind).toBe("refused");
  });

  test("are forgotten when they are over", () => {
    const table = new ShareTable("w.1");
    for (let n = 0; n < 1_000; n++) table.askRate(`tenant ${n}`, wants, n * 100);
    expect(table.size).toBeLessThan(120);
  });
});

describe("shares of connections", () => {
  function withTwo() {
    const table = new ShareTable("w.1");
    const bound = bind(table, connections);
    table.askConnections(bound.key, 5, 0);
    table.connectionsAnswered(bound.key, { kind: "share", number: 1, max: 2 }, 10);
    return { table, bound, permits: connectionsAt(bound, 10) };
  }

  test("let so many through, and say how many are open", () => {
    const { table, bound, permits } = withTwo();
    expect(permits).toHaveLength(2);
    permits[0]?.release(20);
    expect(connectionsAt(bound, 20)).toHaveLength(1);
    expect(table.askConnections(bound.key, 5, 30)).toEqual({
      holder: "w.1",
      number: 2,
      wanted: 5,
      open: 2,
    });
  });

  test("open none while a question is on its way", () => {
    const { table, bound, permits } = withTwo();
    table.askConnections(bound.key, 5, 30);
    permits[0]?.release(30);
    expect(connectionsAt(bound, 30)).toHaveLength(0);
    expect(permits[1]?.isExcess(30)).toBe(false);
  });

  test("that become less, or lapse, make the rest excess", () => {
    const { table, bound, permits } = withTwo();
    expect(permits[0]?.isExcess(4_999)).toBe(false);
    expect(permits[0]?.isExcess(5_000)).toBe(true);
    table.askConnections(bound.key, 5, 30);
    table.connectionsAnswered(bound.key, { kind: "share", number: 2, max: 1 }, 40);
    expect(permits[0]?.isExcess(40)).toBe(true);
    permits[0]?.release(40);
    expect(permits[1]?.isExcess(40)).toBe(false);
    expect(connectionsAt(bound, 40)).toHaveLength(0);
  });

  test("that have fallen leave something to tell once the rest is closed, and only once", () => {
    const { table, bound, permits } = withTwo();
    table.askConnections(bound.key, 5, 30);
    table.connectionsAnswered(bound.key, { kind: "share", number: 2, max: 1 }, 40);
    expect([table.toTell(bound.key), table.room(bound.key)]).toEqual([0, -1]);
    permits[0]?.release(50);
    expect([table.toTell(bound.key), table.room(bound.key)]).toEqual([1, 0]);
    table.askConnections(bound.key, 5, 60);
    expect(table.toTell(bound.key)).toBe(0);
    table.connectionsAnswered(bound.key, { kind: "share", number: 3, max: 1 }, 70);
    permits[1]?.release(80);
    // It may be opened again.
    expect(table.toTell(bound.key)).toBe(0);
  });

  test("of none are none, and what is open is excess", () => {
    const { table, bound, permits } = withTwo();
    table.askConnections(bound.key, 5, 30);
    table.connectionsAnswered(bound.key, { kind: "share", number: 2, max: 0 }, 40);
    expect(table.standing(bound.key, 40)).toBe("none");
    expect(permits[0]?.isExcess(40)).toBe(true);
  });

  test("are not forgotten while any is open", () => {
    const { table, bound, permits } = withTwo();
    for (let n = 0; n < 100; n++) table.askConnections(`tenant ${n}`, 1, 100_000 + n * 1_000);
    expect(table.askConnections(bound.key, 5, 200_000).open).toBe(2);
    for (const permit of permits) permit.release(200_000);
    expect(() => bound.counts.count(bound, -1, 200_000)).toThrow(AssertionError);
  });
});
