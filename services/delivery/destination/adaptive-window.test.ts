import { describe, expect, test } from "bun:test";
import { AdaptiveWindow } from "./adaptive-window.ts";

function times(count: number, each: () => void): void {
  for (let n = 0; n < count; n++) each();
}

function windowOf(first: number, max: number): AdaptiveWindow {
  return new AdaptiveWindow({ first, max });
}

describe("AdaptiveWindow", () => {
  test("starts slowly: one more for each success, up to its maximum", () => {
    const window = windowOf(2, 6);
    times(3, () => window.succeeded());
    expect(window.size).toBe(5);
    times(9, () => window.succeeded());
    expect(window.size).toBe(6);
  });

  test("after a failure it grows by one for each window of successes", () => {
    const window = windowOf(5, 100);
    window.shrink();
    expect(window.size).toBe(4);
    times(3, () => window.succeeded());
    expect(window.size).toBe(4);
    window.succeeded();
    expect(window.size).toBe(5);
    times(5, () => window.succeeded());
    expect(window.size).toBe(6);
  });

  test("the first failure takes one away, the next one a window of failures later", () => {
    const window = windowOf(10, 10);
    window.shrink();
    expect(window.size).toBe(9);
    times(8, () => window.shrink());
    expect(window.size).toBe(9);
    window.shrink();
    expect(window.size).toBe(8);
  });

  test("one failure in many does not wear it down", () => {
    const window = windowOf(20, 20);
    times(200, () => {
      window.shrink();
      times(40, () => window.succeeded());
    });
    expect(window.size).toBeGreaterThan(15);
  });

  test("is never below one", () => {
    const window = windowOf(3, 3);
    times(100, () => window.shrink());
    expect(window.size).toBe(1);
  });

  test.each([1, 3, 5, 7, 20])("of %i sessions that run, all must fail", (running) => {
    const window = windowOf(20, 20);
    times(running - 1, () => expect(window.failed(running)).toBe(false));
    expect(window.failed(running)).toBe(true);
  });

  test("a success between failures tells that somebody is there", () => {
    const window = windowOf(4, 4);
    times(3, () => window.failed(4));
    window.succeeded();
    times(3, () => expect(window.failed(4)).toBe(false));
  });

  test("begins with one when a destination is back", () => {
    const window = windowOf(8, 20);
    times(5, () => window.succeeded());
    window.restart();
    expect(window.size).toBe(1);
    times(3, () => window.succeeded());
    expect(window.size).toBe(4);
  });

  test("new bounds bind at once, and what was learnt stays", () => {
    const window = windowOf(5, 50);
    window.bounds = { first: 10, max: 60 };
    expect(window.size).toBe(10);
    times(20, () => window.succeeded());
    window.bounds = { first: 2, max: 20 };
    expect(window.size).toBe(20);
    window.bounds = { first: 2, max: 40 };
    expect(window.size).toBe(20);
  });
});
