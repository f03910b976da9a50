import { describe, expect, test } from "bun:test";
import { BacklogCursor } from "./backlog-cursor.ts";

describe("BacklogCursor", () => {
  test("passes a row only when all before it are dealt with", () => {
    const cursor = new BacklogCursor();
    cursor.grew(3, 30);
    const [a, b, c] = ["1", "2", "3"].map((position) => cursor.handedOut(position, 10));
    expect([cursor.depth, cursor.waiting]).toEqual([3, 0]);
    b?.();
    expect(cursor.done).toBeUndefined();
    a?.();
    expect(cursor.done).toBe("2");
    cursor.told("2");
    expect(cursor.done).toBeUndefined();
    expect(cursor.depth).toBe(1);
    expect(cursor.readThrough).toBe("3");
    cursor.readStarted();
    cursor.readEnded(true);
    expect(cursor.isEmpty).toBe(false);
    c?.();
    c?.();
    expect(cursor.depth).toBe(0);
  });

  test("is empty only when the store knows how far it is dealt with", () => {
    const cursor = new BacklogCursor();
    const done = cursor.handedOut("1", 10);
    done();
    expect(cursor.isEmpty).toBe(false);
    cursor.handedOut("2", 10)();
    cursor.told("1");
    expect(cursor.isEmpty).toBe(false);
    cursor.told("2");
    expect(cursor.isEmpty).toBe(true);
  });

  test("rows written while the end was being read keep it open", () => {
    const cursor = new BacklogCursor();
    cursor.readStarted();
    cursor.grew(1, 10);
    cursor.readEnded(true);
    expect(cursor.mayHaveMore).toBe(true);
    expect(cursor.isEmpty).toBe(false);
  });
});
