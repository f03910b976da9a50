import { expect, test } from "bun:test";
import { groupOf, inconsistencies, repeated } from "./consistency.ts";

test("what is there already is found, and only texts are compared", () => {
  const items = ["x", "y", 1, 1, "x", undefined].map((value, i) => ({ value, path: ["list", i] }));
  expect(repeated(items)).toEqual([
    {
      path: ["list", 4],
      isKey: false,
      message: '"x" is there already',
      hint: "each may stand here once",
    },
  ]);
});

test("what is no group has no keys", () => {
  expect([groupOf({ a: 1 }), groupOf([1]), groupOf(null), groupOf("a")]).toEqual([
    { a: 1 },
    {},
    {},
    {},
  ]);
});

test("whatever was written, looking at it breaks nothing", () => {
  for (const written of [null, [], "x", { listeners: [null, 1], routes: "x", delivery: [] }]) {
    expect(inconsistencies(written)).toEqual([]);
  }
});
