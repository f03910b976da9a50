import { describe, expect, test } from "bun:test";
import type { GrowthSample } from "./growth.ts";
import { growthText, growthTrends } from "./growth-report.ts";

const mib = 2 ** 20;

function sample(minute: number, edgeMib: number, files = 50): GrowthSample {
  return {
    minute,
    accepted: minute * 30_000,
    processes: [
      { name: "edge0", rssBytes: edgeMib * mib, openFiles: files },
      { name: "nats0", rssBytes: 300 * mib, openFiles: 90 },
    ],
    streams: {
      logs: { messages: 2_000, bytes: 8 * mib },
      journal: { messages: minute * 10_000, bytes: minute * 20 * mib },
      others: { messages: 30, bytes: 0 },
      consumers: 37,
      floorLag: 2_500,
    },
  };
}

function verdicts(samples: readonly GrowthSample[]) {
  const growing = growthTrends(samples).filter(({ verdict }) => verdict === "growing");
  return growing.map(({ name }) => name);
}

const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe("growthTrends()", () => {
  test("finds what grows in the last third against the second", () => {
    expect(verdicts(minutes.map((n) => sample(n, 100 + 10 * n)))).toEqual(["edge0"]);
    expect(verdicts(minutes.map((n) => sample(n, 100, 50 + 3 * n)))).toEqual(["edge0 files"]);
  });

  test("forgives the first third, which warms up, and what moves a little", () => {
    expect(verdicts(minutes.map((n) => sample(n, n < 4 ? 10 : 200)))).toEqual([]);
    expect(verdicts(minutes.map((n) => sample(n, 200 + 2 * n)))).toEqual([]);
  });

  test("does not judge what was too short", () => {
    const samples = minutes.slice(1).map((n) => sample(n, 100 * n));
    expect(growthTrends(samples)).toEqual([]);
    expect(growthTrends([])).toEqual([]);
    const common = { ratePerSecond: 500, accepted: 1, extraCopies: 0, latenessP99Ms: 1 };
    expect(growthText({ ...common, samples })).toContain("growing: not known before 9 minutes");
  });
});

test("growthText() has each minute, each quantity, and a verdict", () => {
  const samples = minutes.map((n) => sample(n, 100));
  const common = { ratePerSecond: 500, accepted: 270_000, extraCopies: 0, latenessP99Ms: 120 };
  const text = growthText({ ...common, samples });
  expect(text).toMatch(/^minute +accepted +edge0 +nats0 +log messages +logs/m);
  expect(text).toMatch(/^9 +270000 +100 +300 +2000 +8 +180 +0 +2500 +37 +140$/m);
  expect(text).toMatch(/^edge0, MiB +100\.0 +100\.0 +0\.0 % +flat$/m);
  expect(text).toMatch(/^journal, MiB +100\.0 +160\.0 +60\.0 % +kept$/m);
  expect(text).toContain("0 lost, 0 copies too many");
  expect(text).toContain("growing: nothing (the journal is kept for 72 h)");
});
