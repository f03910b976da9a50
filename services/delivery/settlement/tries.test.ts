import { expect, test } from "bun:test";
import { Tries } from "./tries.ts";

/** Begins so many; tells which have their turn. */
async function begun(tries: Tries, count: number): Promise<number[]> {
  const turns: number[] = [];
  for (let n = 0; n < count; n++) void tries.begin().then(() => turns.push(n));
  await Promise.resolve();
  await Promise.resolve();
  return turns;
}

test("while they succeed, as many as there may be run at once", async () => {
  const tries = new Tries(4);
  const turns = await begun(tries, 6);
  expect([turns, tries.waiting]).toEqual([[0, 1, 2, 3], 2]);
  tries.succeeded();
  tries.end();
  await Promise.resolve();
  await Promise.resolve();
  expect(turns).toEqual([0, 1, 2, 3, 4]);
});

test("while they fail there is one, and a success lets more and more in", async () => {
  const tries = new Tries(8);
  const turns = await begun(tries, 20);
  for (let n = 0; n < 7; n++) {
    tries.failed();
    tries.end();
  }
  expect([tries.width, tries.waiting]).toEqual([1, 12]);
  tries.succeeded();
  tries.end();
  tries.succeeded();
  tries.end();
  await Promise.resolve();
  await Promise.resolve();
  expect([tries.width, turns.length]).toEqual([4, 8 + 2 + 3]);
});

test("one that always fails holds up no others", async () => {
  const tries = new Tries(8);
  for (let n = 0; n < 100; n++) {
    await tries.begin();
    if (n % 4 === 0) tries.failed();
    else tries.succeeded();
    tries.end();
  }
  expect(tries.width).toBe(8);
});
