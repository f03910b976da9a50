/** How units come into the store while it is slow. */
import { expect, test } from "bun:test";
import { MemoryStore } from "#lib/store/memory";
import type { Deferral } from "#lib/store/store";
import { MemoryLog } from "#lib/stream/memory";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { epoch, hour } from "../../../test/support/delivery/delivery-bench.ts";
import { failureOf } from "../../../test/support/failure.ts";
import { nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { fromLog } from "../shard/queued-unit.ts";
import { Tenure } from "../tenure.ts";
import { RetryWheel } from "../waiting/retry-wheel.ts";
import { asItIs, Deferrals, type DeferralsPorts } from "./deferrals.ts";
import { PersistentWrites } from "./persistent-writes.ts";

type Around = Partial<Pick<DeferralsPorts, "placed" | "stream" | "wheel">>;

function into(store: DeferralsPorts["store"], clock: VirtualClock, around: Around = {}): Deferrals {
  const isOver = () => false;
  return new Deferrals({
    shard: shardOfTests,
    store,
    stream: new MemoryLog({ clock, shards: 1 }).stream(),
    wheel: new RetryWheel(shardOfTests, new MemoryStore({ clock }), clock),
    clock,
    delayNotificationMs: hour,
    writes: new PersistentWrites({
      clock,
      log: silentLog,
      storeRetryMs: 1_000,
      tenure: new Tenure(clock, Number.POSITIVE_INFINITY),
      isOver,
    }),
    placed: () => {},
    isOver,
    ...around,
  });
}

/** What came from the log, as it is moved to the store; some of it has its content elsewhere. */
function logged(n: number, where: "here" | "apart" = "here") {
  const unit = unitOf({ uid: nthUid(n), expiresAt: epoch + 24 * hour });
  const content = where === "here" ? new Uint8Array(3) : undefined;
  const queued = fromLog(unit, { sequence: n + 1, content, since: 0 });
  return { queued, next: asItIs(queued) };
}

test("a store that takes few units in the time of a call gets few, and then all", async () => {
  const clock = new VirtualClock(epoch);
  const written = new Set<string>();
  const slow = {
    defer: async (_: unknown, deferrals: readonly Deferral[]) => {
      if (deferrals.length > 40) throw new Error("the call took too long");
      for (const { deferred } of deferrals) written.add(deferred.unit.uid);
    },
    content: async () => undefined,
  };
  const placed: string[] = [];
  const deferrals = into(slow, clock, {
    placed: (queued) => void placed.push(queued.unit.uid),
  });
  const moves = Array.from({ length: 500 }, (_, n) => logged(n));
  const put = deferrals.put(moves);
  await clock.advance(60_000);
  expect(await put).toEqual([]);
  expect([written.size, placed.length]).toEqual([500, 500]);
});

test("what is put one by one while a call runs goes in the next, and each is told of its own", async () => {
  const clock = new VirtualClock(epoch);
  const calls: number[] = [];
  const inTurn = {
    defer: async (_: unknown, puts: readonly Deferral[]) => {
      calls.push(puts.length);
      await clock.sleep(100);
    },
    content: async () => undefined,
  };
  const deferrals = into(inTurn, clock);
  const done: number[] = [];
  for (let n = 0; n < 100; n++) {
    void deferrals.put([logged(n)]).then(() => done.push(n));
  }
  await clock.advance(50);
  expect([calls, done]).toEqual([[1], []]);
  await clock.advance(250);
  expect(calls).toEqual([1, 99]);
  expect(done).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test.each([
  ["is not found", async () => undefined],
  ["cannot be read", () => Promise.reject(new Error("no leader"))],
])(
  "units whose content %s come back, and hold up none of those beside them",
  async (_, content) => {
    const clock = new VirtualClock(epoch);
    const stream = { ...new MemoryLog({ clock, shards: 1 }).stream(), content };
    const calls: number[] = [];
    const written: string[] = [];
    /** Asks for one after the other, and stores none before it has all. */
    const inOrder = {
      defer: async (__: unknown, puts: readonly Deferral[]) => {
        calls.push(puts.length);
        for (const put of puts) await put.content();
        written.push(...puts.map(({ deferred }) => deferred.unit.uid));
      },
      content: async () => undefined,
    };
    const placed: string[] = [];
    const released: number[] = [];
    const wheel = {
      reserve: (at: number) => ({ at, written: () => {}, release: () => void released.push(at) }),
    };
    const deferrals = into(inOrder, clock, {
      ...{ stream, wheel },
      placed: ({ unit }) => void placed.push(unit.uid),
    });
    const moves = Array.from({ length: 600 }, (__, n) =>
      logged(n, n % 200 === 1 ? "apart" : "here"),
    );
    const put = deferrals.put(moves);
    await clock.advance(0);
    const gone = (await put).map(({ unit }) => unit.uid);
    expect(gone).toEqual([nthUid(1), nthUid(201), nthUid(401)]);
    const others = moves.map(({ queued }) => queued.unit.uid).filter((uid) => !gone.includes(uid));
    expect([written.toSorted(), placed]).toEqual([others, others]);
    // The wheel's cursor need not wait for a row that does not come.
    expect(released).toHaveLength(gone.length);
    // Each that is missing costs one call more.
    expect(calls).toHaveLength(4 + gone.length);
  },
);

test("whoever put what broke off is told so, and others are put", async () => {
  const clock = new VirtualClock(epoch);
  const deferrals = into({ defer: async () => {}, content: async () => undefined }, clock, {
    placed: ({ unit }) => {
      if (unit.uid === nthUid(1)) throw new Error("a promise of our own is broken");
    },
  });
  const broken = failureOf(deferrals.put([logged(1)]));
  const other = deferrals.put([logged(2)]);
  await clock.advance(0);
  expect(String(await broken)).toContain("a promise of our own");
  expect(await other).toEqual([]);
});
