import { expect, test } from "bun:test";
import { failureOf } from "../../test/support/failure.ts";
import { Turns } from "./turns.ts";

function world(max: number) {
  const turns = new Turns(max);
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const begin = (weight: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const n = ends.push((error) => (error === undefined ? resolve() : reject(error))) - 1;
    return turns.run(weight, () => {
      begun.push(n);
      return promise;
    });
  };
  return { begin, begun, ends };
}

test("what is too much waits its turn, and nobody overtakes it", async () => {
  const { begin, begun, ends } = world(10);
  const all = [begin(6), begin(6), begin(1)];
  expect(begun).toEqual([0]);
  ends[0]?.();
  await all[0];
  expect(begun).toEqual([0, 1, 2]);
  for (const end of ends) end();
  await Promise.all(all);
});

test("what weighs more than all is done alone", async () => {
  const { begin, begun, ends } = world(10);
  const all = [begin(99), begin(1)];
  expect(begun).toEqual([0]);
  ends[0]?.();
  await all[0];
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await all[1];
});

test("a turn that fails ends, too", async () => {
  const { begin, begun, ends } = world(1);
  const [first, second] = [failureOf(begin(1)), begin(1)];
  ends[0]?.(new Error("it failed"));
  expect(String(await first)).toContain("it failed");
  ends[1]?.();
  await second;
  expect(begun).toEqual([0, 1]);
});
