import { expect, test } from "bun:test";
import { Partitions } from "./partitions.ts";

const [a, b, c] = ["a", "b", "c"].map((query) => ({ query, params: [] }));

test("statements of one partition go together, in order, under its stamp", () => {
  if (a === undefined || b === undefined || c === undefined) throw new Error("there are three");
  for (const stamp of [undefined, 7]) {
    const partitions = new Partitions(stamp);
    partitions.add("x", a);
    partitions.add("y", b);
    partitions.add("x", c);
    const common = stamp === undefined ? {} : { stamp };
    expect(partitions.writes()).toEqual([
      { statements: [a, c], ...common },
      { statements: [b], ...common },
    ]);
  }
});
