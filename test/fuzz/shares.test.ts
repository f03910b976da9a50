/** What several workers share is never more than the limit, whatever happens to them (ADR 0013). */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { acquire } from "#lib/limits/acquire";
import { keyOf, type RateLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { RateHome } from "#lib/limits/rate-home";
import { ShareTable } from "#lib/limits/share-table";
import { seededRandom } from "#lib/random";
import { fuzzing } from "../support/fuzz.ts";
import { SentLog } from "../support/limits/sent-log.ts";
import { driftMax, ShareWorld } from "../support/limits/share-world.ts";
import { ManualClock } from "../support/manual-clock.ts";

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

describe("a rate whose holders send by fits and starts, over a slow way", () => {
  const step = fc.record({
    afterMs: fc.constantFrom(0, 1, 100, 400),
    who: fc.nat({ max: 1 }),
    does: fc.constantFrom("asks", "sends all it may"),
    wanted: fc.constantFrom(0, 100),
    wayMs: fc.constantFrom(0, 100, 400),
    backMs: fc.constantFrom(0, 1, 100),
  });
  const limit: RateLimit = {
    ...{ name: "all", kind: "messages", scope: ["provider"], provenance: "drawn" },
    rate: { amount: 10, periodMs: 1_000, burst: 2 },
  };

  test("is kept in every window, whenever the home hears a question", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 90, size: "max" }), (steps) => {
        const home = new RateHome(-60_000);
        const tables = ["a", "b"].map((name) => new ShareTable(name));
        const sent = new SentLog();
        const clock = new ManualClock();
        for (const { afterMs, who, does, wanted, wayMs, backMs } of steps) {
          clock.advance(afterMs);
          const now = clock.monotonic();
          const table = tables[who];
          const [bound] = table?.bind([limit], { provider: "p" }) ?? [];
          if (table === undefined || bound === undefined) throw new Error("it applies");
          if (does === "sends all it may") {
            while (acquire([bound], { messages: 1 }, now).kind === "granted") sent.add(now, 1);
            continue;
          }
          const ask = table.askRate(bound.key, { wanted, largest: 1 }, now);
          clock.after(wayMs, () => {
            const answer = home.answer(ask, limit.rate, clock.monotonic());
            clock.after(backMs, () => table.rateAnswered(bound.key, answer, clock.monotonic()));
          });
        }
        if (sent.total > 0) expect(sent.excessMs(limit.rate, 1)).toBeLessThan(0.01);
      }),
      fuzzing(2_000),
    );
  });

  test("is kept when one gives back what it has used just before the home hears another", () => {
    const home = new RateHome(-60_000);
    const [a, b] = [new ShareTable("a"), new ShareTable("b")];
    const ask = (
      table: ShareTable,
      wanted: number,
      [at, heardAt, answeredAt]: readonly number[],
    ) => {
      const asked = table.askRate(key, { wanted, largest: 1 }, at ?? 0);
      return () => {
        const answer = home.answer(asked, limit.rate, heardAt ?? 0);
        table.rateAnswered(key, answer, answeredAt ?? 0);
      };
    };
    const sentBy = (table: ShareTable, now: number) => {
      const bound = table.bind([limit], { provider: "p" });
      for (let sent = 0; ; sent++) {
        if (acquire(bound, { messages: 1 }, now).kind === "refused") return sent;
      }
    };
    const key = keyOf(limit, { provider: "p" }) ?? "";
    for (const [n, table] of [a, b, a, b].entries()) ask(table, 100, [n, n, n])();
    // Both have one message, and have had it for long: nothing grows on a's way, whatever it is given.
    const hears = ask(a, 100, [1_000, 1_392, 1_393]);
    expect(sentBy(b, 1_390)).toBe(1);
    ask(b, 0, [1_390, 1_391, 1_392])();
    hears();
    expect(a.share(key, 1_393)).toMatchObject({ burst: 2 });
    expect(sentBy(a, 1_393)).toBe(1);
  });
});
