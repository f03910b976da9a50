import { expect, test } from "bun:test";
import { type Random, seededRandom } from "../random.ts";
import { isTraceParent, noTracing, spanIdOf, traceIdOf, tracing } from "./tracing.ts";

const end = () => {};

test("as many traces are begun as were asked for, and no chance is drawn for none or all", () => {
  const half = tracing({ share: 0.5, random: seededRandom(1), end });
  const begun = Array.from({ length: 1_000 }, () => half.begin()).filter((it) => it !== undefined);
  expect(begun.length).toBeGreaterThan(450);
  expect(begun.length).toBeLessThan(550);
  expect(begun.every(isTraceParent)).toBe(true);
  expect(new Set(begun.map((it) => traceIdOf(it))).size).toBe(begun.length);
  const undrawn: Random = {
    ...seededRandom(1),
    next: () => {
      throw new Error("a chance was drawn");
    },
  };
  expect(tracing({ share: 0, random: undrawn, end }).begin()).toBeUndefined();
  expect(tracing({ share: 1, random: undrawn, end }).begin()).toBeDefined();
  expect(noTracing.begin()).toBeUndefined();
});

test("a child has its parent's trace and a place of its own, also where none is begun", () => {
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  expect([traceIdOf(parent), spanIdOf(parent)]).toEqual([
    "0af7651916cd43dd8448eb211c80319c",
    "b7ad6b7169203331",
  ]);
  const child = tracing({ share: 0, random: seededRandom(1), end }).child(parent);
  expect(isTraceParent(child)).toBe(true);
  expect(traceIdOf(child)).toBe(traceIdOf(parent));
  expect(spanIdOf(child)).not.toBe(spanIdOf(parent));
});

test.each([
  ["of another version", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["in capitals", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"],
  ["that is not recorded", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"],
  ["with a line end", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"],
  ["that is no text", 7],
])("one %s is none of ours", (_, value) => {
  expect(isTraceParent(value)).toBe(false);
});

test("who asks from outside is joined where traces are wanted, and by a place of its own", () => {
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const rare = tracing({ share: 0.000_001, random: seededRandom(1), end });
  const joined = rare.join(parent);
  expect(traceIdOf(joined)).toBe(traceIdOf(parent));
  expect(joined).not.toBe(parent);
  expect(rare.join("nonsense")).toBeUndefined();
  expect(tracing({ share: 0, random: seededRandom(1), end }).join(parent)).toBeUndefined();
  expect(noTracing.join(parent)).toBeUndefined();
});
