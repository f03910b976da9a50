import { describe, expect, test } from "bun:test";
import type { SourceSummary } from "../../../../loadtest/source/summary.ts";
import { clientView, improprieties, viewText } from "./client-view.ts";

const none = { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, p9999Ms: 0, maxMs: 0 };
const quiet: SourceSummary = {
  begun: 10,
  accepted: 10,
  unknown: 0,
  aborted: 0,
  connects: 1,
  refused: {},
  sessionEnds: {},
  startedAt: 0,
  lastAcceptedAt: 1,
  acceptedPerSecond: 10,
  latency: none,
  lateness: none,
};

describe("what clients saw", () => {
  test("is proper when it is 421 and 451", () => {
    const view = clientView([
      { ...quiet, refused: { "421 at mail": 1, "451 at end-of-data": 2 } },
      { ...quiet, sessionEnds: { "421 at rest": 3, "421 at mail": 1 } },
    ]);
    expect(improprieties(view)).toEqual([]);
    expect(viewText(view)).toBe("421 at mail ×2, 421 at rest ×3, 451 at end-of-data ×2");
  });

  test.each([
    [{ refused: { "550 at rcpt": 1 } }, 'clients saw "550 at rcpt" 1 times'],
    [{ sessionEnds: { "cannot connect": 2 } }, 'clients saw "cannot connect" 2 times'],
    [{ sessionEnds: { "closed by the peer": 1 } }, 'clients saw "closed by the peer" 1 times'],
    [{ unknown: 4 }, "4 final dots without a reply"],
    [{ aborted: 5 }, "5 transactions broken off"],
  ] as const)("is improper with %p", (changed, said) => {
    expect(improprieties(clientView([quiet, { ...quiet, ...changed }]))).toEqual([said]);
  });

  test("is told when it is nothing", () => {
    expect(viewText(clientView([quiet]))).toBe("nothing but 250");
  });
});
