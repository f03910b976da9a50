import { expect, test } from "bun:test";
import { Tally } from "./tally.ts";

test("a tally counts by kind, forgets what is gone, and never falls below nothing", () => {
  const tally = new Tally<string>();
  tally.left("a");
  tally.came("a");
  tally.came("a");
  tally.came("b");
  tally.left("b");
  expect([tally.of("a"), tally.of("b")]).toEqual([2, 0]);
  expect([...tally.kinds]).toEqual(["a"]);
});
