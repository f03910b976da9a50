/** What several workers share is never more than the limit, whatever happens to them (ADR 0013). */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rateOf } from "#lib/limits/rate";
import { seededRandom } from "#lib/random";
import { fuzzing } from "../support/fuzz.ts";
import { driftMax, ShareWorld } from "../support/limits/share-world.ts";

describe("a limit that workers share", () => {
  test("is kept in every window, through lost and late messages, crashes, pauses, and homes that move", () => {
    const world = fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      amount: fc.integer({ min: 1, max: 100 }),
      burst: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      connections: fc.integer({ min: 1, max: 12 }),
      perSecond: fc.array(fc.constantFrom(0, 1, 10, 200), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(world, ({ seed, amount, burst, connections, perSecond }) => {
        const usual = rateOf(amount, 1_000);
        const rate = burst === undefined ? usual : { ...usual, burst };
        const shared = new ShareWorld({
          random: seededRandom(seed),
          rate,
          connections,
          workers: perSecond.length,
          perSecond,
          isFaulty: true,
        });
        shared.run(45);
        const byFastClocks = { ...rate, amount: amount * (1 + driftMax) };
        expect(shared.sent.excessMs(byFastClocks, 1)).toBeLessThan(0.01);
        expect(shared.openMax).toBeLessThanOrEqual(connections);
        expect(shared.questions).toBeLessThanOrEqual(45 * perSecond.length * 2 * 5);
      }),
      fuzzing(15),
    );
  }, 60_000);

  test.each([
    ["50/s by four", 50, undefined, 4],
    ["1000/s by four", 1_000, undefined, 4],
    ["10/s, burst 1, by four in turns", 10, 1, 4],
    ["2/s, burst 1, by eight in turns", 2, 1, 8],
    ["50/s, burst 5, by twelve in turns", 50, 5, 12],
  ] as const)(
    "is used to at least 95 %% where there is demand: %s",
    (_, amount, burst, workers) => {
      const usual = rateOf(amount, 1_000);
      const rate = burst === undefined ? usual : { ...usual, burst };
      const perSecond = Array.from({ length: workers }, () => 2 * amount);
      const random = seededRandom(1);
      const shared = new ShareWorld({
        random,
        rate,
        connections: 10,
        workers,
        perSecond,
        isFaulty: false,
      });
      shared.run(10);
      const before = shared.sent.total;
      shared.run(60);
      expect(shared.sent.total - before).toBeGreaterThanOrEqual(0.95 * 60 * amount);
      expect(shared.openMax).toBe(10);
      // Those who wait ask twice a second, and when they are told.
      expect(shared.questions).toBeLessThan(70 * workers * 2 * 3);
      // Nobody is left out: all have had some turns.
      for (const sent of shared.sentByWorker) expect(sent).toBeGreaterThan((30 * amount) / workers);
    },
  );

  test("is used to at least 95 % while its home is handed over every ten seconds", () => {
    const random = seededRandom(1);
    const perSecond = [100, 100, 100, 100];
    const shared = new ShareWorld({
      random,
      rate: rateOf(50, 1_000),
      connections: 10,
      workers: 4,
      perSecond,
      isFaulty: false,
    });
    shared.run(10);
    const before = shared.sent.total;
    for (let n = 0; n < 6; n++) {
      shared.handOverHome(1_000);
      shared.run(10);
    }
    expect(shared.sent.total - before).toBeGreaterThanOrEqual(0.95 * 60 * 50);
  });
});
