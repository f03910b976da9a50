/** The limits of whole workers, and their homes, whatever happens to them (ADR 0012, 0013). */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sumOf } from "#lib/limits/part";
import { type Rate, rateOf } from "#lib/limits/rate";
import { allShards } from "#lib/queue/shard";
import { seededRandom } from "#lib/random";
import { fuzzing } from "../support/fuzz.ts";
import {
  driftMax,
  LimitsWorld,
  type LimitsWorldOptions,
} from "../support/limits/world/limits-world.ts";
import { limitsPlants } from "../support/limits/world/plants.ts";

/** Worlds that a planted bug may hide in. */
const seedsMax = 60;

const drawn = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  amount: fc.integer({ min: 1, max: 40 }),
  burst: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  connections: fc.integer({ min: 1, max: 10 }),
  own: fc.integer({ min: 1, max: 10 }),
  perSecond: fc.array(fc.constantFrom<number>(0, 1, 10, 50), { minLength: 1, maxLength: 5 }),
  lateMs: fc.constantFrom<number>(0, 20),
});

/** What went above a limit. */
interface Breaches {
  readonly rateMs: number;
  readonly ownMs: number;
  readonly connections: number;
}

function breachesOf(world: LimitsWorld, of: LimitsWorldOptions): Breaches {
  const own = allShards(3).map((shard) => {
    return world.ownSent.get(shard)?.excessMs(byFastClocks(of.own), 1) ?? 0;
  });
  return {
    rateMs: world.sent.excessMs(byFastClocks(of.rate), 1),
    ownMs: Math.max(...own),
    connections: world.openMax - of.connections,
  };
}

function byFastClocks(rate: Rate): Rate {
  return { ...rate, amount: rate.amount * (1 + driftMax) };
}

function optionsOf(world: typeof drawn extends fc.Arbitrary<infer T> ? T : never) {
  const { seed, amount, burst, connections, own, perSecond, lateMs } = world;
  const usual = rateOf(amount, 1_000);
  return {
    random: seededRandom(seed),
    rate: burst === undefined ? usual : { ...usual, burst },
    connections,
    own: rateOf(own, 1_000),
    perSecond,
    lateMs,
    isFaulty: true,
  };
}

describe("the limits of workers", () => {
  test("are kept in every window, through lost and late messages, crashes, pauses, and shards that move", async () => {
    let sent = 0;
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async (of) => {
        const options = optionsOf(of);
        const world = new LimitsWorld(options);
        await world.run(30);
        sent += world.sent.total;
        allowed +=
          30 *
          Math.min(
            of.amount,
            sumOf(of.perSecond, (each) => each),
          );
        const { rateMs, ownMs, connections } = breachesOf(world, options);
        expect(rateMs).toBeLessThan(0.01);
        expect(ownMs).toBeLessThan(0.01);
        expect(connections).toBeLessThanOrEqual(0);
      }),
      fuzzing(150),
    );
    // They are harmed, and go on all the same.
    expect(sent / allowed).toBeGreaterThan(0.4);
  }, 120_000);

  test.each([
    ["50/s by four", 50, undefined, 4, 0],
    ["50/s by four who wake late", 50, undefined, 4, 20],
    ["10/s, burst 1, by four in turns", 10, 1, 4, 0],
    ["20/s, burst 5, by eight in turns", 20, 5, 8, 0],
    ["200/s by ten who wake late", 200, undefined, 10, 20],
  ] as const)(
    "are used to at least 95 %% where there is demand: %s",
    async (_, amount, burst, workers, lateMs) => {
      const options = { ...steady(amount, burst, workers), lateMs };
      const world = new LimitsWorld(options);
      await world.run(10);
      const before = world.sent.total;
      await world.run(40);
      expect(world.sent.total - before).toBeGreaterThanOrEqual(0.95 * 40 * amount);
      expect(world.sent.excessMs(options.rate, 1)).toBeLessThan(0.01);
      expect(world.openMax).toBe(options.connections);
      // Who waits asks twice a second, and when it is told; one message has all questions to a home.
      expect(world.bus.asked).toBeLessThan(50 * workers * 2 * 3);
    },
    60_000,
  );

  test("are used to at least 95 % while every shard is handed over every ten seconds", async () => {
    const world = new LimitsWorld(steady(40, undefined, 4));
    await world.run(10);
    const before = world.sent.total;
    for (let n = 0; n < 4; n++) {
      world.handOverAll(1_000);
      await world.run(10);
    }
    expect(world.sent.total - before).toBeGreaterThanOrEqual(0.95 * 40 * 40);
  }, 60_000);

  function steady(amount: number, burst: number | undefined, workers: number) {
    const usual = rateOf(amount, 1_000);
    return {
      random: seededRandom(1),
      rate: burst === undefined ? usual : { ...usual, burst },
      connections: 10,
      own: rateOf(10, 1_000),
      perSecond: Array.from({ length: workers }, () => 2 * amount),
      isFaulty: false,
    };
  }
});

describe("a bug in the limits of workers is seen", () => {
  test.each(limitsPlants)(
    "%s",
    async (_, plant) => {
      let isSeen = false;
      for (let seed = 1; seed <= seedsMax && !isSeen; seed++) {
        const of = {
          seed,
          amount: 10,
          burst: 5,
          connections: 3,
          own: 5,
          perSecond: [50, 50, 50],
          lateMs: 0,
        };
        const options = { ...optionsOf(of), plant };
        const world = new LimitsWorld(options);
        await world.run(30);
        const { rateMs, ownMs, connections } = breachesOf(world, options);
        isSeen = rateMs > 0.01 || ownMs > 0.01 || connections > 0;
      }
      expect(isSeen).toBe(true);
    },
    120_000,
  );
});
