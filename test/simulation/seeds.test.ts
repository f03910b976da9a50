/** Five hundred worlds, each from its seed: safe at every step, and empty at the end (STYLE §9). */
import { expect, test } from "bun:test";
import { reportOf } from "./report.ts";
import { runSeed } from "./run.ts";

const seedsMax = 500;
const seedsPerTest = 50;

for (let from = 1; from <= seedsMax; from += seedsPerTest) {
  test(`worlds ${from} to ${from + seedsPerTest - 1} are safe and come to an end`, async () => {
    for (let seed = from; seed < from + seedsPerTest; seed++) {
      expect(reportOf(await runSeed(seed), 40)).toBe("");
    }
  });
}
