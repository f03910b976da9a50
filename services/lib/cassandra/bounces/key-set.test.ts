import { expect, test } from "bun:test";
import { KeySet } from "./key-set.ts";

test("a key is there once, and the oldest are forgotten", () => {
  const keys = new KeySet(2);
  for (const key of ["a", "b", "c"]) keys.add(key);
  expect(["a", "b", "b", "c"].map((key) => keys.delete(key))).toEqual([false, true, false, true]);
});
