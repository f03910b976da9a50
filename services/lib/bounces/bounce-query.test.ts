import { describe, expect, test } from "bun:test";
import { bounceOf } from "../../../test/support/bounces.ts";
import { destination } from "../../../test/support/records.ts";
import {
  compareBounces,
  cursorOf,
  isAskedFor,
  positionOf,
  readCursor,
  rowsToRead,
  shortened,
  startOf,
  takePage,
} from "./bounce-query.ts";

const bounces = [1, 2, 3, 4].map((at) => bounceOf({ at, path: `b${at}@example.com` }));

describe("a cursor", () => {
  test("is read as it was made", () => {
    for (const bounce of bounces) {
      expect(readCursor(cursorOf(positionOf(bounce)))).toEqual(positionOf(bounce));
    }
  });

  test.each(["", "x", "W10", "bnVsbA", "a".repeat(5_000), btoa('[1,"x","y","failed"]')])(
    "%p is none",
    (text) => {
      expect(readCursor(text)).toBeUndefined();
      expect(() => startOf({ after: text, limit: 1 })).toThrow(RangeError);
    },
  );
});

describe("a page", () => {
  const ats = (page: { readonly bounces: readonly { readonly at: number }[] }) =>
    page.bounces.map(({ at }) => at);

  test("is full with what was asked for, and says where to go on", () => {
    const page = takePage(bounces, { limit: 2 }, true);
    expect(ats(page)).toEqual([1, 2]);
    expect(readCursor(page.next ?? "")?.at).toBe(2);
  });

  test("is short where others were looked at, and goes on behind them", () => {
    const page = takePage(bounces, { limit: 9, recipient: "B2@example.com" }, false);
    expect(ats(page)).toEqual([2]);
    expect(readCursor(page.next ?? "")?.at).toBe(4);
  });

  test("ends where nothing stands behind it", () => {
    expect(takePage(bounces, { limit: 9 }, true)).toEqual({ bounces });
    expect(takePage([], { limit: 9 }, false)).toEqual({ bounces: [] });
    expect(takePage(bounces, { limit: 9, until: 3 }, false)).toEqual({
      bounces: bounces.slice(0, 2),
    });
  });

  test("is shortened to what an answer can carry", () => {
    const size = JSON.stringify(bounces[0]).length;
    const page = shortened({ bounces, next: "further" }, size * 2 + 1);
    expect(ats(page)).toEqual([1, 2]);
    expect(readCursor(page.next ?? "")?.at).toBe(2);
    expect(ats(shortened({ bounces }, 1))).toEqual([1]);
    expect(shortened({ bounces, next: "further" }, 1e6)).toEqual({ bounces, next: "further" });
  });
});

test("every criterion must hold", () => {
  const bounce = bounceOf({ at: 5, tenant: "acme", campaign: "spring" });
  const all = { tenant: "acme", campaign: "spring", since: 5, until: 6, class: bounce.class };
  expect(isAskedFor(bounce, all)).toBe(true);
  expect(isAskedFor(bounce, { recipient: bounce.recipient.path.toUpperCase() })).toBe(true);
  for (const other of [
    { tenant: "other" },
    { campaign: "other" },
    { since: 6 },
    { until: 5 },
    { class: "virus" as const },
    { destination: destination("other.example") },
    { recipient: "other@example.com" },
  ]) {
    expect(isAskedFor(bounce, { ...all, ...other })).toBe(false);
  }
});

test("as many rows are read as are wanted, unless some are passed over", () => {
  expect(rowsToRead({ limit: 5, tenant: "acme" }, 100)).toBe(6);
  expect(rowsToRead({ limit: 5, tenant: "acme", class: "virus" }, 100)).toBe(100);
  expect(rowsToRead({ limit: 5_000 }, 100)).toBe(100);
});

test("the order is by time, then by what tells them apart", () => {
  const [a, b] = [
    bounceOf({ at: 1, path: "a@x.example" }),
    bounceOf({ at: 1, path: "b@x.example" }),
  ];
  const late = { ...a, at: 2 };
  expect([late, b, a].sort(compareBounces)).toEqual([a, b, late]);
  // U+FF5E is before U+1F600 as code points are, and behind it in UTF-16.
  const [low, high] = ["\uff5e", "\u{1f600}"].map((name) => bounceOf({ at: 1, path: `${name}@x` }));
  if (low === undefined || high === undefined) throw new Error("there are two");
  expect(compareBounces(low, high)).toBeLessThan(0);
});
