import { describe, expect, test } from "bun:test";
import type { Soak, SoakSample } from "./soak.ts";
import { accountOf, holds, soakText } from "./soak-report.ts";

const mib = 2 ** 20;

function sample(n: number, rssMib = 100, waiting = 50): SoakSample {
  return {
    seconds: 60 + n * 10,
    accepted: n * 10_000,
    arrived: n * 10_000 - waiting,
    roles: [{ name: "standalone", rssBytes: rssMib * mib, openFiles: 40 }],
    stored: [
      { name: "WAL", unit: "MiB", slack: 40, value: 32 },
      { name: "queue", unit: "MiB", slack: 16, value: n * 20, kept: "72 h" },
    ],
  };
}

const tens = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const sink = { distinct: 1_000, copies: 1_003, lastNewAt: 1, damaged: 0 };
const soak: Soak = {
  capacityPerSecond: 1_000,
  ratePerSecond: 700,
  samples: tens.map((n) => sample(n)),
  begun: 1_000,
  accepted: 1_000,
  unanswered: 0,
  refused: {},
  sink: { ...sink, faults: { "drop at end-of-data": 3, "reply at rcpt": 20 } },
  latenessP99Ms: 12,
};

describe("accountOf()", () => {
  test("is balanced when each copy too many had its reply swallowed", () => {
    expect(accountOf(soak)).toEqual({ lost: 0, damaged: 0, unexplained: 0, unpromised: 0 });
    expect(holds(soak)).toBe(true);
  });

  test("finds what is lost, damaged, repeated and unpromised", () => {
    const found = (changed: Partial<Soak["sink"]>) =>
      accountOf({ ...soak, sink: { ...soak.sink, ...changed } });
    expect(found({ distinct: 990, copies: 990 })).toMatchObject({ lost: 10 });
    expect(found({ damaged: 1 })).toMatchObject({ damaged: 1 });
    expect(found({ copies: 1_005 })).toMatchObject({ unexplained: 2 });
    expect(found({ distinct: 1_002, copies: 1_002 })).toMatchObject({ unpromised: 2 });
  });

  test("does not ask for what got no reply", () => {
    const arrived = { ...soak.sink, distinct: 1_002, copies: 1_002 };
    expect(accountOf({ ...soak, unanswered: 2, sink: arrived })).toMatchObject({ unpromised: 0 });
  });
});

describe("holds()", () => {
  test("not when memory or what waits grows", () => {
    expect(holds({ ...soak, samples: tens.map((n) => sample(n, 100 + 20 * n)) })).toBe(false);
    expect(holds({ ...soak, samples: tens.map((n) => sample(n, 100, 500 * n)) })).toBe(false);
  });

  test("when memory moves as garbage collectors do", () => {
    expect(holds({ ...soak, samples: tens.map((n) => sample(n, 200 + 10 * n)) })).toBe(true);
  });

  test("not when it was too short to tell", () => {
    const short = { ...soak, samples: tens.slice(1).map((n) => sample(n)) };
    expect(holds(short)).toBe(false);
    expect(soakText("godwit", short)).toContain("growing: not known of fewer than 9 samples");
  });

  test("not when a message is lost", () => {
    const lost = { ...soak, sink: { ...soak.sink, distinct: 999 } };
    expect(holds(lost)).toBe(false);
    expect(soakText("godwit", lost)).toContain("1 lost");
    expect(soakText("godwit", lost)).toContain("DOES NOT HOLD");
  });
});

test("soakText() has samples, trends and the account", () => {
  const text = soakText("godwit", soak);
  expect(text).toContain("a soak at 700/s, 70 % of 1000/s");
  expect(text).toContain("drop at end-of-data 3, reply at rcpt 20");
  expect(text).toMatch(/^150 +90000 +89950 +100 +50 +32 +180 +40$/m);
  expect(text).toMatch(/^WAL, MiB +32\.0 +32\.0 +0\.0 % +flat$/m);
  expect(text).toMatch(/^queue, MiB +100\.0 +160\.0 +60\.0 % +kept$/m);
  expect(text).toContain("growing: nothing\nholds\n");
});
