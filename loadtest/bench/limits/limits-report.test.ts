import { describe, expect, test } from "bun:test";
import type { Accuracy, Phase } from "./accuracy.ts";
import type { Limits } from "./limits.ts";
import { checks, limitsText } from "./limits-report.ts";

const phase: Phase = {
  name: "in peace",
  seconds: 60,
  messages: 2_940,
  used: 0.98,
  most: 54,
  mostSent: 53,
  jitterMs: 0,
  jitterSentMs: 0,
  connectionsMost: 10,
  connectionsMean: 9.9,
  aboveMs: 0,
  perSecond: [49, 50],
  waiting: 700,
};

function accuracyOf(...phases: readonly Partial<Phase>[]): Accuracy {
  return {
    messagesPerSecond: 50,
    burst: 5,
    connections: 10,
    hosts: "own",
    workers: 4,
    domains: 200,
    phases: phases.map((it) => ({ ...phase, ...it })),
  };
}

const good: Limits = {
  accuracy: accuracyOf({}, { name: "killed", used: 0.2 }, { name: "slow" }),
  fairness: {
    queued: 100_000,
    messagesPerSecond: 50,
    few: 10,
    waiting: 99_000,
    throughMs: 400,
    limitMs: 200,
    othersPerSecond: 25,
  },
  destinations: {
    messages: 20_000,
    runs: 3,
    toOne: 3_000,
    toMany: 2_500,
    beside: { none: 3_000, slow: 2_950, slowConnections: 5 },
  },
  reckoning: { destinations: 100_000, limits: 5, decisionUs: 1.2, heapBytes: 90 * 2 ** 20 },
};

describe("checks()", () => {
  test("hold where limits are kept and used", () => {
    expect(checks(good).filter(({ holds }) => !holds)).toEqual([]);
    expect(checks(good)).toHaveLength(9);
    // One goes and one comes.
    const accuracy = accuracyOf({}, { connectionsMost: 11, aboveMs: 20 });
    expect(checks({ accuracy }).filter(({ holds }) => !holds)).toEqual([]);
    expect(checks({})).toEqual([]);
  });

  test.each<[string, Limits]>([
    ["too many in a second", { accuracy: accuracyOf({}, { most: 57, mostSent: 56 }) }],
    ["too many connections", { accuracy: accuracyOf({ connectionsMost: 11, aboveMs: 200 }) }],
    ["too few", { accuracy: accuracyOf({ used: 0.94 }) }],
    ["idle connections", { accuracy: accuracyOf({}, { connectionsMean: 9 }) }],
    ["a tenant that waits", { fairness: { ...fair(), throughMs: 2_300 } }],
    ["many that are slow", { destinations: { ...several(), toMany: 2_000 } }],
    [
      "a slow one that slows others",
      { destinations: { ...several(), beside: { none: 3_000, slow: 2_800, slowConnections: 5 } } },
    ],
    ["a dear decision", { reckoning: { ...reckoned(), decisionUs: 2.1 } }],
    ["too much memory", { reckoning: { ...reckoned(), heapBytes: 201 * 2 ** 20 } }],
  ])("find %s", (_, limits) => {
    expect(checks(limits).filter(({ holds }) => !holds)).toHaveLength(1);
  });
});

test("limitsText() has a row for each phase, and tells what is not so", () => {
  const text = limitsText({
    accuracy: accuracyOf({}, { name: "killed", most: 58, mostSent: 56 }, {}),
  });
  expect(text).toMatch(/killed +60 +2940 +98\.0 % +58 +56/);
  expect(text).toMatch(/^NO +at most 55 in any second.*: 58, 56 as sent$/m);
});

function fair() {
  if (good.fairness === undefined) throw new Error("it is there");
  return good.fairness;
}

function reckoned() {
  if (good.reckoning === undefined) throw new Error("it is there");
  return good.reckoning;
}

function several() {
  if (good.destinations === undefined) throw new Error("it is there");
  return good.destinations;
}
