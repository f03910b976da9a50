/** How much of a limit is used by workers that are not given a core at once (ADR 0012 §10, ADR 0013 §2). */
import { describe, expect, test } from "bun:test";
import { rateOf } from "#lib/limits/rate";
import {
  LimitedWorkers,
  type LimitedWorkersOptions,
} from "../../../test/support/limits/limited-workers.ts";

const seconds = 10;
const usual: LimitedWorkersOptions = {
  workers: 4,
  perSecond: 50,
  connections: 10,
  hosts: "own",
  latencyMs: 1,
  lateMs: 20,
};

describe("workers that wake up to 20 ms late", () => {
  test.each<[string, Partial<LimitedWorkersOptions>]>([
    ["50/s by four, each domain with a host of its own", {}],
    ["50/s by four, over a way of 5 ms", { latencyMs: 5 }],
    ["50/s by four to one host", { hosts: "shared" }],
    ["100/s by four", { perSecond: 100, connections: 20 }],
  ])(
    "use 95 %% of a limit, and never more than it: %s",
    async (_, of) => {
      const options = { ...usual, ...of };
      const { perSecond, connections } = options;
      const limited = await LimitedWorkers.start(options);
      await limited.run(5);
      const before = limited.seen.total;
      await limited.run(seconds);
      expect((limited.seen.total - before) / (perSecond * seconds)).toBeGreaterThanOrEqual(0.95);
      expect(limited.connectionsMost).toBeLessThanOrEqual(connections);
      // The host may see as many more in a window as were under way at its beginning (ADR 0012).
      const rate = rateOf(perSecond, 1_000);
      const seen = { ...rate, burst: rate.burst + connections };
      expect(limited.seen.excessMs(seen, 1)).toBeLessThan(0.01);
    },
    60_000,
  );
});
