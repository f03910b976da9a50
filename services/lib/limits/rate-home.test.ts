import { describe, expect, test } from "bun:test";
import type { Rate } from "./rate.ts";
import { RateHome } from "./rate-home.ts";
import { type RateAsk, shareCountedMs } from "./share.ts";

/** 50/s burst 5. */
const rate: Rate = { amount: 50, periodMs: 1_000, burst: 5 };
/** One in a minute. */
const slow: Rate = { amount: 1, periodMs: 60_000, burst: 1 };

/** When it grants, and has all its tokens. */
const settled = shareCountedMs + 60_000;

let number = 0;

function ask(holder: string, of: Partial<RateAsk> = {}): RateAsk {
  number += 1;
  return { holder, number, wanted: 1_000, largest: 1, unspent: 0, ...of };
}

/** Rate per second, burst, tokens. */
function share(home: RateHome, asked: RateAsk, now: number, of = rate) {
  const answer = home.answer(asked, of, now);
  if (answer.kind === "silent") throw new Error("it is settled");
  return [answer.perMs * 1_000, answer.burst, answer.tokens];
}

describe("the home of a rate", () => {
  test("grants nothing until all older shares have lapsed, and says so", () => {
    const home = new RateHome(1_000);
    expect(home.answer(ask("a"), rate, 1_000)).toEqual({
      kind: "silent",
      number,
      forMs: shareCountedMs,
    });
    expect(home.answer(ask("a"), rate, 1_000 + shareCountedMs)).toEqual({
      kind: "share",
      number,
      perMs: 0.05,
      burst: 5,
      tokens: 0,
    });
  });

  test("gives one who asks alone all, tokens included", () => {
    expect(share(new RateHome(0), ask("a"), settled)).toEqual([50, 5, 5]);
  });

  test("gives little what it wants, and much the rest", () => {
    const home = new RateHome(0);
    expect(share(home, ask("a", { wanted: 2 }), settled)).toEqual([2, 2, 2]);
    expect(share(home, ask("b"), settled)).toEqual([48, 3, 3]);
  });

  test("cuts in with the next question of who has more than its part", () => {
    const home = new RateHome(0);
    share(home, ask("a"), settled);
    expect(share(home, ask("b"), settled)).toEqual([0, 0, 0]);
    expect(share(home, ask("a", { unspent: 1.5 }), settled + 100)).toEqual([25, 2.5, 1.5]);
    expect(share(home, ask("b"), settled + 100)).toEqual([25, 2.5, 0]);
  });

  test("does not believe that more was left than was given", () => {
    const home = new RateHome(0);
    share(home, ask("a", { wanted: 2 }), settled);
    share(home, ask("b"), settled);
    expect(share(home, ask("a", { wanted: 2, unspent: 1_000 }), settled)).toEqual([2, 2, 2]);
  });

  test("lets a lapsed share's rate go to others, but none of its tokens", () => {
    const home = new RateHome(0);
    share(home, ask("a"), settled);
    expect(share(home, ask("b"), settled + shareCountedMs - 1)).toEqual([0, 0, 0]);
    expect(share(home, ask("b"), settled + shareCountedMs)).toEqual([50, 5, 0]);
  });

  test("takes no tokens back from a share that has lapsed", () => {
    const home = new RateHome(0);
    share(home, ask("a"), settled);
    expect(share(home, ask("a", { unspent: 5 }), settled + shareCountedMs)).toEqual([50, 5, 0]);
  });

  test("answers a question once, and none that is older", () => {
    const home = new RateHome(0);
    const old = ask("a");
    const asked = ask("a");
    expect(share(home, asked, settled)).toEqual([50, 5, 5]);
    expect(share(home, asked, settled)).toEqual([0, 0, 0]);
    expect(share(home, old, settled)).toEqual([0, 0, 0]);
    expect(share(home, ask("b"), settled)).toEqual([0, 0, 0]);
  });

  test("gives all back to others at once when nothing is wanted any more", () => {
    const home = new RateHome(0);
    share(home, ask("a"), settled);
    share(home, ask("a", { wanted: 0, unspent: 4 }), settled);
    expect(share(home, ask("b"), settled)).toEqual([50, 5, 4]);
  });

  test("of a burst of one gives all to one at a time, in turns, with what grew half-way", () => {
    const home = new RateHome(0);
    expect(share(home, ask("a"), settled, slow)).toEqual([1 / 60, 1, 1]);
    expect(share(home, ask("b"), settled + 100, slow)).toEqual([0, 0, 0]);
    expect(home.nextInTurn(slow, settled + 100)).toBeUndefined();
    // It has sent one, and waited for a quarter of the next.
    expect(share(home, ask("a", { unspent: 0.25 }), settled + 200, slow)).toEqual([0, 0, 0]);
    expect(home.nextInTurn(slow, settled + 200)).toBe("b");
    expect(share(home, ask("b"), settled + 200, slow)).toEqual([1 / 60, 1, 0.25]);
    expect(share(home, ask("a"), settled + 300, slow)).toEqual([0, 0, 0]);
  });

  test("tells nobody to ask who would be given nothing", () => {
    const home = new RateHome(0);
    home.answer(ask("a"), rate, 0);
    expect(home.nextInTurn(rate, 0)).toBeUndefined();
    expect(home.nextInTurn(rate, shareCountedMs)).toBeUndefined();
    home.answer(ask("a"), rate, shareCountedMs - 1);
    expect(home.nextInTurn(rate, shareCountedMs)).toBe("a");
    // There is room in the burst, but all of the rate is given away.
    share(home, ask("b", { wanted: 50 }), shareCountedMs);
    const many = { ...rate, burst: 100 };
    share(home, ask("a", { wanted: 50 }), settled, many);
    share(home, ask("b", { wanted: 50 }), settled, many);
    expect(home.nextInTurn(many, settled)).toBeUndefined();
  });

  test("gives a burst for the largest single thing, to one alone", () => {
    const home = new RateHome(0);
    share(home, ask("a", { wanted: 1 }), settled);
    const large = { wanted: 40, largest: 40 };
    expect(share(home, ask("b", large), settled)).toEqual([0, 0, 0]);
    share(home, ask("a", { wanted: 0, unspent: 1 }), settled);
    expect(share(home, ask("b", large), settled)).toEqual([40, 40, 5]);
    expect(share(home, ask("a"), settled)).toEqual([0, 0, 0]);
  });

  test("follows a limit that has fallen as shares come back", () => {
    const home = new RateHome(0);
    share(home, ask("a"), settled);
    const less: Rate = { amount: 10, periodMs: 1_000, burst: 2 };
    expect(share(home, ask("b"), settled, less)).toEqual([0, 0, 0]);
    expect(share(home, ask("a", { unspent: 5 }), settled, less)).toEqual([5, 1, 1]);
    expect(share(home, ask("b"), settled, less)).toEqual([5, 1, 1]);
  });

  test("is forgotten when it is as good as new", () => {
    const home = new RateHome(0);
    expect(home.isForgettable(rate, shareCountedMs)).toBe(false);
    share(home, ask("a"), settled);
    expect(home.isForgettable(rate, settled)).toBe(false);
    expect(home.isForgettable(rate, settled + shareCountedMs)).toBe(false);
    expect(home.isForgettable(rate, settled + shareCountedMs + 100)).toBe(true);
  });

  test("goes on where its predecessor has handed over, on a clock of its own", () => {
    const former = new RateHome(0);
    share(former, ask("a", { wanted: 2 }), settled);
    share(former, ask("b"), settled);
    share(former, ask("c"), settled + 1_000);
    const book = JSON.parse(JSON.stringify(former.book(rate, settled + 1_000)));
    const home = RateHome.restored(book, 7);
    expect(home.book(rate, 7)).toEqual(former.book(rate, settled + 1_000));
    expect(share(home, ask("a", { wanted: 0, unspent: 2 }), 7)).toEqual([0, 0, 0]);
    expect(home.nextInTurn(rate, 7)).toBe("c");
    expect(share(home, ask("c"), 7)).toEqual([expect.closeTo(2, 9), 2, 2]);
    // What was granted before the hand-over lapses as it would have.
    expect(share(home, ask("d"), 7 + shareCountedMs - 1_001)).toEqual([0, 0, 0]);
    expect(share(home, ask("d"), 7 + shareCountedMs - 1_000)).toEqual([25, 2.5, 0]);
  });

  test("hands over what is left of its silence", () => {
    const former = new RateHome(0);
    former.answer(ask("a"), rate, 100);
    const home = RateHome.restored(former.book(rate, 3_100), 50_000);
    expect(home.answer(ask("a"), rate, 50_000)).toEqual({ kind: "silent", number, forMs: 2_000 });
  });
});
