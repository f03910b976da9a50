import { describe, expect, test } from "bun:test";
import { shareCountedMs } from "#lib/limits/share";
import type { QuotaAnswer, QuotaAsk } from "#proto/limits/quota";
import { incarnation } from "../../../test/support/records.ts";
import { QuotaHome } from "./quota-home.ts";
import { ToldLimit } from "./told-limit.ts";

let number = 0;

type Rate = Extract<QuotaAsk, { readonly kind: "rate" }>;

function rateAsk(of: { key?: string; wanted?: number; unspent?: number } = {}): Rate {
  const { key = "rate", wanted = 100, unspent = 0 } = of;
  number += 1;
  return { kind: "rate", key, ask: { number, wanted, largest: 1, unspent }, perMs: 0.01, burst: 4 };
}

function connectionAsk(open = 0, max = 10): Extract<QuotaAsk, { readonly kind: "connections" }> {
  number += 1;
  return { kind: "connections", key: "connections", ask: { number, wanted: 100, open }, max };
}

function answerOf(home: QuotaHome, name: string, ask: QuotaAsk, now: number): QuotaAnswer {
  return home.answer({ holder: incarnation(`${name}/1`), asks: [ask] }, now).answers[0];
}

function maxOf(home: QuotaHome, name: string, now: number, open = 0): number {
  const answer = answerOf(home, name, connectionAsk(open), now);
  return answer !== undefined && "max" in answer ? answer.max : Number.NaN;
}

function shareOf(home: QuotaHome, name: string, ask: QuotaAsk, now: number) {
  const answer = answerOf(home, name, ask, now);
  if (answer === undefined || !("perMs" in answer)) throw new Error(`silent: ${answer?.kind}`);
  return answer;
}

describe("a quota home", () => {
  test("of a shard that nobody had grants at once, and all that may come at once", () => {
    const home = QuotaHome.first(0);
    expect(shareOf(home, "a", rateAsk(), 0)).toMatchObject({ perMs: 0.01, burst: 4 });
    expect(home.rollCall.isOver).toBe(true);
    expect(maxOf(home, "a", 0)).toBe(10);
  });

  test("after a crash is silent, for a key that is asked about late, too", () => {
    const home = QuotaHome.afterCrash(0);
    expect(answerOf(home, "a", rateAsk(), 100)?.kind).toBe("silent");
    expect(home.silentForMs(100)).toBe(shareCountedMs - 100);
    expect(shareOf(home, "a", rateAsk({ key: "another" }), shareCountedMs).tokens).toBe(0);
  });

  test("after a crash opens no connection before it knows whom to ask, and all have answered", () => {
    const home = QuotaHome.afterCrash(0);
    const settled = shareCountedMs;
    expect(maxOf(home, "a", settled)).toBe(0);
    home.rollCall.call(["a/1", "b/1", "c/1"]);
    expect(maxOf(home, "a", settled)).toBe(0);
    const called = { askedAt: settled, now: settled };
    home.rolled("a/1", [], called);
    home.rolled("b/1", [connectionAsk(7)], called);
    expect(maxOf(home, "a", settled)).toBe(0);
    home.gone("c/1");
    expect(maxOf(home, "a", settled)).toBe(3);
  });

  test("forgets what is as new, and tells the rest to the next owner", () => {
    const home = QuotaHome.first(0);
    for (let n = 0; n < 5_000; n++) shareOf(home, "a", rateAsk({ key: `k${n}` }), n * 100);
    // Some 55 are under way at once, each looked at twice before it is forgotten.
    expect(home.size).toBeLessThan(350);
    const book = home.book(500_000);
    expect(book.rates.length).toBeLessThan(350);
    expect(book.rates.at(-1)).toMatchObject({ key: "k4999", perMs: 0.01, burst: 4 });
  });

  test("that was handed over goes on where it stood", () => {
    const home = QuotaHome.first(0);
    const share = shareOf(home, "a", rateAsk({ wanted: 2 }), 0);
    maxOf(home, "a", 0, 6);
    const next = QuotaHome.restored(home.book(1_000), 50_000);
    expect(next.silentForMs(50_000)).toBe(0);
    expect(shareOf(next, "b", rateAsk(), 50_000).perMs).toBeCloseTo(0.01 - share.perMs, 9);
    // All ten are the first one's, until it says otherwise.
    expect(maxOf(next, "b", 50_000)).toBe(0);
    // What it did not know of is as it was with the former: all of its burst is there.
    expect(shareOf(next, "b", rateAsk({ key: "another" }), 50_000).tokens).toBe(4);
  });

  test("that was handed over in its silence goes on being silent, and calling the roll", () => {
    const home = QuotaHome.afterCrash(0);
    home.rollCall.call(["a/1", "b/1"]);
    home.rolled("a/1", [], { askedAt: 100, now: 100 });
    const next = QuotaHome.restored(home.book(1_000), 7_000_000);
    expect(next.silentForMs(7_000_000)).toBe(shareCountedMs - 1_000);
    expect(next.rollCall.unheard).toEqual(["b/1"]);
    const unasked = QuotaHome.restored(QuotaHome.afterCrash(0).book(1_000), 7_000_000);
    expect([unasked.rollCall.isKnown, unasked.rollCall.isOver]).toEqual([false, false]);
  });

  test("tells who is worth a question when something has come free", () => {
    const home = QuotaHome.first(0);
    const burst1 = (of: Parameters<typeof rateAsk>[0]) => ({ ...rateAsk(of), burst: 1 });
    expect(shareOf(home, "a", burst1({}), 0).burst).toBe(1);
    expect(shareOf(home, "b", burst1({}), 10).burst).toBe(0);
    const asks = [burst1({ wanted: 0, unspent: 0.5 })];
    const { turns } = home.answer({ holder: incarnation("a/1"), asks }, 20);
    expect([...turns]).toEqual([["b/1", ["rate"]]]);
  });

  test("tells those that have connections when others want more than is left", () => {
    const home = QuotaHome.first(0);
    const told = (name: string, open: number, wanted: number) => {
      const { key, kind, max, ask } = connectionAsk(open);
      const asks = [{ key, kind, max, ask: { ...ask, wanted } }];
      return [...home.answer({ holder: incarnation(`${name}/1`), asks }, 10).wanted];
    };
    expect(told("a", 0, 7)).toEqual([]);
    expect(told("b", 0, 3)).toEqual([]);
    expect(told("c", 0, 1)).toEqual([
      ["a/1", ["connections"]],
      ["b/1", ["connections"]],
    ]);
  });

  test("knows whose connections are overdue", () => {
    const home = QuotaHome.first(0);
    maxOf(home, "a", 0);
    expect([...home.overdue(1_000)]).toEqual([]);
    expect([...home.overdue(6_000)]).toEqual(["a/1"]);
    home.gone("a/1");
    expect([...home.overdue(6_000)]).toEqual([]);
  });

  test("believes whoever says nothing of them when it is asked, but not against a later question", () => {
    const home = QuotaHome.first(0);
    maxOf(home, "a", 0);
    home.rolled("a/1", [], { askedAt: 5_000, now: 5_001 });
    expect([...home.overdue(6_000)]).toEqual(["a/1"]);
    maxOf(home, "b", 6_000);
    home.rolled("a/1", [], { askedAt: 6_000, now: 6_010 });
    expect([...home.overdue(6_000)]).toEqual([]);
    maxOf(home, "a", 6_020);
    home.rolled("a/1", [], { askedAt: 6_015, now: 6_030 });
    expect([...home.overdue(20_000)]).toContain("a/1");
  });
});

describe("a limit that holders tell", () => {
  test("is the smallest of what they tell, and grows when nobody tells a smaller any more", () => {
    const told = new ToldLimit(100, 0);
    expect(told.heard(50, 1_000)).toBe(50);
    expect(told.heard(100, 3_000)).toBe(50);
    expect(told.heard(50, 4_000)).toBe(50);
    expect(told.heard(200, 4_000 + shareCountedMs - 1)).toBe(50);
    expect(told.heard(200, 4_000 + shareCountedMs)).toBe(200);
  });
});
