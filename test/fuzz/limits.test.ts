/**
 * Limits against a slow, obvious model: a list of all that went, and every window over it
 * (ADR 0012).
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { acquire, type BoundLimit, type Permit, type Spent } from "#lib/limits/acquire";
import type {
  ConnectionLimit,
  CountedLimit,
  Demand,
  Dimension,
  RateKind,
  RateLimit,
  Subject,
} from "#lib/limits/limit";
import { LimitTable } from "#lib/limits/limit-table";
import { rateOf } from "#lib/limits/rate";
import { fuzzing } from "../support/fuzz.ts";
import { SentLog } from "../support/limits/sent-log.ts";

const costMax: Demand = { newConnections: 1, messages: 1, recipients: 20, bytes: 50_000 };

/** Sums of fractions of milliseconds differ by their order. */
const digitsMs = 0.002;

const scope: fc.Arbitrary<readonly Dimension[]> = fc
  .subarray<Dimension>(["provider", "source", "tenant", "campaign"])
  .map((rest) => ["destination", ...rest]);

const rateLimit = fc
  .record({
    kind: fc.constantFrom<RateKind>("newConnections", "messages", "recipients", "bytes"),
    scope,
    amount: fc.integer({ min: 1, max: 300 }),
    periodMs: fc.constantFrom(1_000, 60_000),
    burst: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  })
  .map(({ kind, scope: of, amount, periodMs, burst }, name = "") => {
    const unit = kind === "bytes" ? 1_000 : 1;
    const usual = rateOf(amount * unit, periodMs);
    const rate = burst === undefined ? usual : { ...usual, burst: burst * unit };
    return { kind, scope: of, rate, name: String(name), provenance: "drawn" };
  });

const connectionLimit = fc
  .record({ scope, max: fc.integer({ min: 1, max: 5 }) })
  .map((of): ConnectionLimit => ({ ...of, kind: "connections", name: "", provenance: "drawn" }));

/** Each with a name of its own. */
const limits = fc
  .tuple(
    fc.array(rateLimit, { minLength: 1, maxLength: 4 }),
    fc.array(connectionLimit, { maxLength: 2 }),
  )
  .map(([rates, connections]) =>
    [...rates, ...connections].map((limit, n): CountedLimit => ({ ...limit, name: `limit ${n}` })),
  );

const subject: fc.Arbitrary<Subject> = fc.record(
  {
    destination: fc.constantFrom("a.example", "b.example"),
    provider: fc.constant("p"),
    source: fc.constantFrom("s1", "s2"),
    tenant: fc.constantFrom("t1", "t2"),
    campaign: fc.constantFrom("c1", "c2"),
  },
  { requiredKeys: ["destination", "source"] },
);

const demand: fc.Arbitrary<Demand> = fc.oneof(
  fc.constant({ connections: 1, newConnections: 1 }),
  fc.record({
    messages: fc.constant(1),
    recipients: fc.integer({ min: 1, max: 20 }),
    bytes: fc.integer({ min: 100, max: 50_000 }),
  }),
  fc.record({
    connections: fc.constant(1),
    newConnections: fc.constant(1),
    messages: fc.constant(1),
    recipients: fc.integer({ min: 1, max: 3 }),
    bytes: fc.integer({ min: 100, max: 3_000 }),
  }),
);

type Step =
  | { readonly kind: "ask"; readonly subject: Subject; readonly demand: Demand }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "handOver" | "crash"; readonly clock: number };

const usualStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("ask" as const), subject, demand }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5_000 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat() }) },
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: usualStep },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("handOver" as const, "crash" as const),
      clock: fc.integer({ min: 0, max: 1_000_000 }),
    }),
  },
);

/** A table as its owners have it one after the other, each with a clock of its own. */
class Owned {
  readonly limits: readonly CountedLimit[];
  readonly sent = new Map<string, readonly [RateLimit, SentLog]>();
  readonly open = new Map<string, number>();
  #permits: { readonly permit: Permit; readonly keys: readonly string[] }[] = [];
  #table = new LimitTable();
  #time = 0;
  #clock = 0;

  constructor(of: readonly CountedLimit[]) {
    this.limits = of;
  }

  get #now(): number {
    return this.#time + this.#clock;
  }

  do(step: Step): { readonly bound: readonly BoundLimit[]; readonly isGranted: boolean } {
    if (step.kind === "ask") return this.#ask(step.subject, step.demand);
    if (step.kind === "pass") this.#time += step.ms;
    if (step.kind === "release") this.#release(step.which);
    if (step.kind === "handOver") this.#moveTo(step.clock, "handOver");
    if (step.kind === "crash") this.#moveTo(step.clock, "crash");
    return { bound: [], isGranted: false };
  }

  /** What the model says: does some window hold more than it may, if that went, too? */
  mayGo(bound: readonly BoundLimit[], of: Demand): boolean | "a matter of digits" {
    let least = Number.POSITIVE_INFINITY;
    for (const { limit, key } of bound) {
      const cost = of[limit.kind] ?? 0;
      if (cost === 0) continue;
      const spare =
        limit.kind === "connections"
          ? limit.max - (this.open.get(key) ?? 0) - cost
          : this.#log(limit, key).spareMs(limit.rate, Math.min(cost, limit.rate.burst), this.#time);
      least = Math.min(least, spare);
    }
    return Math.abs(least) < digitsMs && least !== 0 ? "a matter of digits" : least >= 0;
  }

  #ask(of: Subject, wanted: Demand) {
    const bound = this.#table.bind(this.limits, of);
    const acquired = acquire(bound, wanted, this.#now);
    if (acquired.kind === "refused") {
      expect(acquired.until).toBeGreaterThan(this.#now);
      return { bound, isGranted: false };
    }
    for (const { limit, key } of bound) {
      const cost = wanted[limit.kind] ?? 0;
      if (cost === 0) continue;
      if (limit.kind !== "connections") this.#log(limit, key).add(this.#time, cost);
      else this.open.set(key, (this.open.get(key) ?? 0) + cost);
    }
    const held = bound.filter(({ limit }) => limit.kind === "connections");
    const keys = wanted.connections === undefined ? [] : held.map(({ key }) => key);
    this.#permits.push({ permit: acquired.permit, keys });
    return { bound, isGranted: true };
  }

  #release(which: number): void {
    const [released] = this.#permits.splice(which % Math.max(1, this.#permits.length), 1);
    if (released === undefined) return;
    expect(released.permit.release(this.#now)).toEqual([...released.keys]);
    for (const key of released.keys) this.open.set(key, (this.open.get(key) ?? 0) - 1);
  }

  #moveTo(clock: number, how: "handOver" | "crash"): void {
    if (how === "handOver") while (this.#permits.length > 0) this.#release(0);
    const snapshot = how === "handOver" ? this.#table.snapshot(this.#now) : undefined;
    this.#clock = clock;
    this.#permits = [];
    this.open.clear();
    this.#table =
      snapshot !== undefined
        ? LimitTable.restored(JSON.parse(JSON.stringify(snapshot)), this.#now)
        : new LimitTable({ at: this.#now, demandMax: costMax });
  }

  #log(limit: RateLimit, key: string): SentLog {
    const [, log] = this.sent.get(key) ?? [limit, new SentLog()];
    this.sent.set(key, [limit, log]);
    return log;
  }
}

describe("limits, whatever is asked in whatever order", () => {
  test("grant exactly what no window forbids", () => {
    fc.assert(
      fc.property(limits, fc.array(usualStep, { maxLength: 150, size: "max" }), (drawn, steps) => {
        const owned = new Owned(drawn);
        for (const step of steps) {
          const before = step.kind === "ask" ? expectedOf(owned, step) : undefined;
          const { isGranted } = owned.do(step);
          if (before === undefined || before === "a matter of digits") continue;
          expect(isGranted).toBe(before);
        }
      }),
      fuzzing(),
    );
  });

  test("are kept in every window across hand-overs and crashes", () => {
    fc.assert(
      fc.property(limits, fc.array(anyStep, { maxLength: 200, size: "max" }), (drawn, steps) => {
        const owned = new Owned(drawn);
        for (const step of steps) {
          const { bound } = owned.do(step);
          for (const { limit, key } of bound) {
            if (limit.kind !== "connections") continue;
            expect(owned.open.get(key) ?? 0).toBeLessThanOrEqual(limit.max);
          }
        }
        for (const [limit, log] of owned.sent.values()) {
          expect(log.excessMs(limit.rate, costMax[limit.kind] ?? 1)).toBeLessThan(digitsMs);
        }
      }),
      fuzzing(),
    );
  });

  function expectedOf(
    owned: Owned,
    { subject: of, demand: wanted }: Extract<Step, { kind: "ask" }>,
  ) {
    return owned.mayGo(new LimitTable().bind(owned.limits, of), wanted);
  }
});

describe("what is given back", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("take" as const), cost: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 200 }) }),
    fc.record({ kind: fc.constant("giveBack" as const), which: fc.nat({ max: 4 }) }),
  );
  const burst = fc.integer({ min: 1, max: 6 });
  const limit = {
    kind: "messages",
    name: "all",
    scope: ["destination"],
    provenance: "drawn",
  } as const;
  const to = { destination: "a.example" };

  test("lets no window have too much, whatever came between", () => {
    const steps = fc.array(step, { minLength: 20, maxLength: 60, size: "max" });
    fc.assert(
      fc.property(burst, steps, (of, all) => {
        const rate = { amount: 10, periodMs: 1_000, burst: of };
        const bound = new LimitTable().bind([{ ...limit, rate }], to);
        const log = new SentLog();
        const taken: { readonly spent: Spent; readonly at: number; readonly cost: number }[] = [];
        let now = 0;
        for (const each of all) {
          if (each.kind === "pass") now += each.ms;
          if (each.kind === "take") {
            const { cost } = each;
            const acquired = acquire(bound, { messages: cost }, now);
            if (acquired.kind === "refused") continue;
            taken.push({ spent: acquired.spent, at: now, cost });
            log.add(now, cost);
          }
          if (each.kind === "giveBack") {
            const [back] = taken.splice(-1 - each.which, 1);
            back?.spent.giveBack(now);
            if (back !== undefined) log.remove(back.at, back.cost);
          }
        }
        if (log.total > 0) expect(log.excessMs(rate, 3)).toBeLessThan(digitsMs);
      }),
      fuzzing(2_000),
    );
  });

  test("at once is as if it had never been taken", () => {
    fc.assert(
      fc.property(burst, fc.array(step, { maxLength: 40, size: "max" }), (of, all) => {
        const rate = { amount: 10, periodMs: 1_000, burst: of };
        const bound = new LimitTable().bind([{ ...limit, rate }], to);
        const other = new LimitTable().bind([{ ...limit, rate }], to);
        let now = 0;
        for (const each of all) {
          if (each.kind === "pass") now += each.ms;
          if (each.kind !== "take") continue;
          const demand = { messages: each.cost };
          const unused = acquire(bound, demand, now);
          if (unused.kind === "granted") unused.spent.giveBack(now);
          expect(acquire(bound, demand, now).kind).toBe(acquire(other, demand, now).kind);
        }
      }),
      fuzzing(),
    );
  });
});

describe("a rate that is used by one who wakes late", () => {
  test("is used to at least 95 %, and granted at the time that a refusal names", () => {
    const delays = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 100, maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), delays, (amount, lateMs) => {
        const limit = messagesPerSecond(amount);
        const table = new LimitTable();
        let now = 0;
        let sent = takeAll(table, limit, now);
        for (const late of lateMs) {
          const refused = acquire(table.bind([limit], to), { messages: 1 }, now);
          if (refused.kind === "granted") throw new Error("all was taken");
          now = refused.until + late;
          const taken = takeAll(table, limit, now);
          expect(taken).toBeGreaterThan(0);
          sent += taken;
        }
        expect(sent).toBeGreaterThanOrEqual(Math.floor((0.95 * amount * now) / 1_000));
      }),
      fuzzing(),
    );
  });

  const to = { destination: "a.example" };

  function messagesPerSecond(amount: number): RateLimit {
    const rate = rateOf(amount, 1_000);
    return { kind: "messages", name: "all", scope: ["destination"], rate, provenance: "drawn" };
  }

  function takeAll(table: LimitTable, limit: RateLimit, now: number): number {
    const bound = table.bind([limit], to);
    for (let taken = 0; ; taken++) {
      if (acquire(bound, { messages: 1 }, now).kind === "refused") return taken;
    }
  }
});
