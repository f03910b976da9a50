import { describe, expect, test } from "bun:test";
import { ConnectionHome } from "./connection-home.ts";
import { RollCall } from "./roll-call.ts";
import { type ConnectionAsk, shareCountedMs } from "./share.ts";

const settled = shareCountedMs;
const everybody = new RollCall([]);

let number = 0;

function ask(holder: string, of: Partial<ConnectionAsk> = {}): ConnectionAsk {
  number += 1;
  return { holder, number, wanted: 100, open: 0, ...of };
}

function max(home: ConnectionHome, asked: ConnectionAsk, now: number, total = 10): number {
  const answer = home.answer(asked, total, now);
  if (answer.kind === "silent") throw new Error("it is settled");
  return answer.max;
}

describe("the home of connections", () => {
  test("grants nothing until all older shares have lapsed, and says so", () => {
    const home = new ConnectionHome(0, everybody);
    expect(home.answer(ask("a"), 10, 100)).toEqual({ kind: "silent", number, forMs: 5_000 });
  });

  test("counts what was open before it was asked of", () => {
    const home = new ConnectionHome(0, everybody);
    home.answer(ask("a", { open: 7, wanted: 7 }), 10, 100);
    expect(max(home, ask("b"), settled)).toBe(3);
  });

  test("opens nothing before all have said what they have", () => {
    const rollCall = new RollCall(["a", "b", "c"]);
    const home = new ConnectionHome(0, rollCall);
    expect(max(home, ask("a", { open: 2 }), settled)).toBe(2);
    rollCall.answered("a");
    expect(max(home, ask("b"), settled)).toBe(0);
    expect(home.nextInTurn(10, settled)).toBeUndefined();
    rollCall.answered("b");
    expect(rollCall.isOver).toBe(false);
    rollCall.answered("c");
    expect(home.nextInTurn(10, settled)).toBe("b");
    expect(max(home, ask("b"), settled)).toBe(5);
  });

  test("divides them, and takes none from who has them open", () => {
    const home = new ConnectionHome(0, everybody);
    expect(max(home, ask("a"), settled)).toBe(10);
    expect(max(home, ask("b"), settled)).toBe(0);
    expect(max(home, ask("a", { open: 8 }), settled)).toBe(5);
    // Three above its part are to end; until then they count.
    expect(max(home, ask("b"), settled)).toBe(2);
    expect(max(home, ask("a", { open: 5 }), settled)).toBe(5);
    expect(max(home, ask("b", { open: 2 }), settled)).toBe(5);
  });

  test("goes on counting those of a silent holder until it is gone", () => {
    const home = new ConnectionHome(0, everybody);
    max(home, ask("a", { wanted: 6 }), settled);
    const later = settled + 100_000;
    expect(max(home, ask("b"), later)).toBe(4);
    home.gone("a");
    expect(max(home, ask("b"), later)).toBe(10);
  });

  test("has them taken in turns where there are fewer than holders", () => {
    const home = new ConnectionHome(0, everybody);
    expect(max(home, ask("a"), settled, 1)).toBe(1);
    expect(max(home, ask("b"), settled + 1, 1)).toBe(0);
    expect(max(home, ask("a", { open: 1 }), settled + 2, 1)).toBe(0);
    expect(home.nextInTurn(1, settled + 2)).toBeUndefined();
    expect(max(home, ask("a"), settled + 3, 1)).toBe(0);
    expect(home.nextInTurn(1, settled + 3)).toBe("b");
    expect(max(home, ask("b"), settled + 4, 1)).toBe(1);
  });

  test("answers a question once, and none that is older", () => {
    const home = new ConnectionHome(0, everybody);
    const old = ask("a", { open: 0, wanted: 0 });
    max(home, ask("a", { open: 4, wanted: 4 }), settled);
    expect(max(home, old, settled)).toBe(0);
    expect(max(home, ask("b"), settled)).toBe(6);
  });

  test("follows a limit that has fallen", () => {
    const home = new ConnectionHome(0, everybody);
    max(home, ask("a"), settled);
    expect(max(home, ask("a", { open: 10 }), settled, 3)).toBe(3);
    expect(max(home, ask("b"), settled, 3)).toBe(0);
  });

  test("tells who lacks most when something came free, and only if it would be given some", () => {
    const home = new ConnectionHome(0, everybody);
    max(home, ask("a", { wanted: 6 }), settled);
    max(home, ask("b", { wanted: 9 }), settled);
    expect(home.nextInTurn(10, settled)).toBeUndefined();
    max(home, ask("a", { wanted: 1, open: 1 }), settled);
    expect(home.nextInTurn(10, settled)).toBe("b");
    expect(max(home, ask("b", { wanted: 9, open: 4 }), settled)).toBe(9);
    expect(home.nextInTurn(10, settled)).toBeUndefined();
  });

  test("is forgotten when nobody has any nor wants any", () => {
    const home = new ConnectionHome(0, everybody);
    expect(home.isForgettable(settled)).toBe(true);
    max(home, ask("a"), settled);
    expect(home.isForgettable(settled)).toBe(false);
    max(home, ask("a", { wanted: 0, open: 1 }), settled);
    expect(home.isForgettable(settled + shareCountedMs)).toBe(false);
    max(home, ask("a", { wanted: 0, open: 0 }), settled);
    expect(home.isForgettable(settled)).toBe(true);
  });

  test("goes on where its predecessor has handed over, on a clock of its own", () => {
    const former = new ConnectionHome(0, everybody);
    max(former, ask("a", { wanted: 6 }), settled);
    max(former, ask("b", { wanted: 4 }), settled);
    max(former, ask("c"), settled + 10);
    const book = JSON.parse(JSON.stringify(former.book(settled + 1_000)));
    const rollCall = new RollCall(new RollCall(["d"]).unheard);
    const home = ConnectionHome.restored(book, rollCall, 7);
    expect(home.book(7)).toEqual(former.book(settled + 1_000));
    expect(max(home, ask("a", { wanted: 0, open: 1 }), 7)).toBe(0);
    expect(max(home, ask("c"), 7)).toBe(0);
    rollCall.answered("d");
    expect(home.nextInTurn(10, 7)).toBe("c");
    expect(max(home, ask("c"), 7)).toBe(5);
  });

  test("hands over what is left of its silence", () => {
    const former = new ConnectionHome(0, everybody);
    const home = ConnectionHome.restored(former.book(3_100), everybody, 50_000);
    expect(home.answer(ask("a"), 10, 50_000)).toEqual({ kind: "silent", number, forMs: 2_000 });
  });
});
