import { describe, expect, test } from "bun:test";
import { balance, Ledger } from "./ledger.ts";

function ledgerOf(copies: Readonly<Record<number, number>>): Ledger {
  const ledger = new Ledger();
  for (const [n, count] of Object.entries(copies)) ledger.add({ run: "r", n: Number(n) }, count);
  return ledger;
}

describe("Ledger", () => {
  test("counts messages and copies", () => {
    const ledger = new Ledger();
    expect(ledger.add({ run: "r", n: 5_000 })).toBe(true);
    expect(ledger.add({ run: "r", n: 5_000 })).toBe(false);
    expect(ledger.add({ run: "s", n: 5_000 })).toBe(true);
    expect([ledger.distinct, ledger.total]).toEqual([2, 3]);
    expect([ledger.distinctOf("r"), ledger.distinctOf("t")]).toEqual([1, 0]);
    expect(ledger.copiesOf({ run: "r", n: 5_000 })).toBe(2);
    expect(ledger.copiesOf({ run: "r", n: 9_999 })).toBe(0);
  });

  test("is read again as it was written", () => {
    const ledger = ledgerOf({ 0: 1, 2000: 3 });
    const text = ledger.toText();
    expect(text).toBe("r-0 1\nr-2000 3\n");
    expect(Ledger.parse(text).toText()).toBe(text);
  });

  test.each(["r-0", "r 1", "r-0 x", "r-0 1000000"])("refuses the line %j", (line) => {
    expect(() => Ledger.parse(`${line}\n`)).toThrow("accounting line");
  });
});

describe("balance()", () => {
  test("finds what is lost, what came twice, and what came without a 250", () => {
    const promised = ledgerOf({ 0: 1, 1: 1, 2: 1, 3: 2, 4: 2 });
    const arrived = ledgerOf({ 0: 1, 2: 3, 3: 2, 4: 1, 5: 1, 6: 2 });
    expect(balance(promised, arrived)).toEqual({
      lost: ["r-1", "r-4"],
      repeated: new Map([
        ["r-2", 2],
        ["r-6", 1],
      ]),
      extraCopies: 3,
      unanswered: 2,
    });
  });

  test("a message without a 250 may have come to all of its recipients, once", () => {
    const arrived = ledgerOf({ 0: 4, 1: 5 });
    const { repeated, unanswered } = balance(new Ledger(), arrived, 4);
    expect([repeated, unanswered]).toEqual([new Map([["r-1", 1]]), 2]);
  });

  test("is even when everything came once", () => {
    const all = ledgerOf({ 0: 1, 1: 4 });
    const even = { lost: [], repeated: new Map(), extraCopies: 0, unanswered: 0 };
    expect(balance(all, all)).toEqual(even);
  });
});
