/** In which order things are written: the new place first, then the record that the old one is done. */
import { describe, expect, test } from "bun:test";
import type { FaultPoint, Faults } from "#lib/faults";
import type { Outcome } from "#lib/queue/outcome";
import { queueIdOf, type Unit } from "#lib/queue/unit";
import { seededRandom } from "#lib/random";
import { MemoryStore } from "#lib/store/memory";
import { IntakeFull } from "#lib/stream/intake";
import { MemoryLog } from "#lib/stream/memory";
import { type LogFields, silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { config, epoch, hour } from "../../../test/support/delivery/delivery-bench.ts";
import { RecordedEvents } from "../../../test/support/events/recorded-events.ts";
import { deferred, nthUid, shardOfTests, unitOf } from "../../../test/support/queued.ts";
import { incarnation, path } from "../../../test/support/records.ts";
import { noMetrics } from "../metrics.ts";
import { JournalWriter } from "../shard/journal-writer.ts";
import { fromLog, fromStore, type QueuedUnit } from "../shard/queued-unit.ts";
import { KnownSuppressions } from "../suppression/known-suppressions.ts";
import { Tenure } from "../tenure.ts";
import { RetryWheel } from "../waiting/retry-wheel.ts";
import { Notifier } from "./notifier.ts";
import { Settlement } from "./settlement.ts";

const bad: Outcome = { kind: "permanent", scope: "recipient", status: "5.1.1", reason: "No" };
const later: Outcome = { kind: "transient", scope: "recipient", status: "4.2.1", reason: "Later" };
const unreachable: Outcome = { kind: "transient", scope: "host", status: "4.4.1", reason: "Away" };
const good: Outcome = {
  kind: "delivered",
  reply: { code: 250, class: 2, lines: ["Ok"] },
  dsnRelayed: false,
};

class Bench implements Faults {
  readonly clock = new VirtualClock(epoch);
  readonly log = new MemoryLog({ clock: this.clock, shards: 1 });
  readonly store = new MemoryStore({ clock: this.clock, faults: this });
  readonly steps: string[] = [];
  readonly missing: QueuedUnit[] = [];
  again = () => {};
  readonly told: LogFields[] = [];
  readonly unwanted: QueuedUnit[] = [];
  readonly events = new RecordedEvents();
  readonly settlement: Settlement;
  /** Operations that fail, and how. */
  readonly failing = new Map<string, Error>();

  constructor() {
    const { clock, store, log } = this;
    const intake = log.intake(this);
    const writer = incarnation("w/1");
    const journal = new JournalWriter({
      journal: log.journal(this),
      writer,
      clock,
      log: silentLog,
      retryMs: 1_000,
      pause: () => {},
      onSealed: () => {},
    });
    this.settlement = new Settlement({
      shard: shardOfTests,
      store,
      stream: log.stream(),
      journal,
      notifier: new Notifier({
        intake,
        clock,
        log: silentLog,
        hostname: "out.example",
        lifetimeMs: hour,
      }),
      wheel: new RetryWheel(shardOfTests, store, clock),
      clock,
      random: seededRandom(1),
      log: { ...silentLog, info: (event, fields) => void this.told.push({ event, ...fields }) },
      metrics: noMetrics,
      events: this.events,
      provider: () => "google",
      policy: config.retry,
      delayNotificationMs: 4 * hour,
      suppression: { ...config.suppression, classes: ["bad-mailbox"], forMs: hour },
      suppressions: new KnownSuppressions({
        list: store.suppressions,
        ...{ clock, log: silentLog, random: seededRandom(1), retryMs: 1_000 },
      }),
      storeRetryMs: 1_000,
      tenure: new Tenure(clock, Number.POSITIVE_INFINITY),
      isFinalDelivery: () => false,
      settled: () => void this.steps.push("settled"),
      placed: () => {},
      contentMissing: (queued, again) => {
        this.missing.push(queued);
        this.again = again;
      },
      lastError: () => "refused",
      unwanted: (queued) => void this.unwanted.push(queued),
      isOver: () => false,
    });
  }

  async before({ operation }: FaultPoint): Promise<void> {
    const failure = this.failing.get(operation);
    if (failure !== undefined) throw failure;
    if (operation.includes("/") || operation === "content") return;
    this.steps.push(operation);
  }

  async after(): Promise<void> {}

  async attempted(queued: QueuedUnit, outcomes: readonly Outcome[], isDown = false) {
    this.settlement.attempted(
      queued,
      { outcomes, durationMs: 1, inDoubt: 0, isVoid: false },
      isDown,
    );
    await this.clock.advance(0);
    return this.steps;
  }
}

function logged(unit: Partial<Unit> = {}, content: Uint8Array | undefined = new Uint8Array(3)) {
  return fromLog(unitOf({ expiresAt: epoch + 24 * hour, ...unit }), {
    sequence: 1,
    content,
    since: 0,
  });
}

async function stored(bench: Bench, unit: Partial<Unit> = {}, attempts = 1) {
  const made = deferred({ expiresAt: epoch + 24 * hour, ...unit }, { attempts });
  await bench.store.defer(shardOfTests, [
    { deferred: made, content: async () => new Uint8Array(3) },
  ]);
  bench.steps.length = 0;
  return fromStore(made, { rowsDone: [], since: 0 });
}

const two = { recipients: [{ path: path("a@example.net") }, { path: path("b@example.net") }] };

describe("Settlement: the order of writes", () => {
  test("delivered at the first try: the journal alone", async () => {
    const bench = new Bench();
    expect(await bench.attempted(logged(), [good])).toEqual(["append", "settled"]);
  });

  test("a suspect that is delivered: the store hears of it, whatever its last owner wrote", async () => {
    const bench = new Bench();
    const unit = unitOf({ expiresAt: epoch + 24 * hour });
    const from = { sequence: 1, content: undefined, since: 0, isSuspect: true };
    const steps = await bench.attempted(fromLog(unit, from), [good]);
    expect(steps).toEqual(["finish", "append", "settled"]);
    expect((await bench.store.find([unit.uid])).get(unit.uid)?.state).toBe("finished");
  });

  test("failed: notification, bounce record, journal", async () => {
    const bench = new Bench();
    const steps = await bench.attempted(logged(), [bad]);
    expect(steps).toEqual(["accept", "recordBounces", "append", "settled"]);
  });

  test("deferred: the store, then the journal", async () => {
    const bench = new Bench();
    expect(await bench.attempted(logged(), [later])).toEqual(["defer", "append", "settled"]);
    expect((await bench.store.list(shardOfTests, { limit: 9 })).units).toMatchObject([
      { attempts: 1, generation: 1, place: { kind: "wheel" } },
    ]);
  });

  test("one failed, one waits: told, recorded, deferred with the other alone, journal", async () => {
    const bench = new Bench();
    const steps = await bench.attempted(logged(two), [bad, later]);
    expect(steps).toEqual(["accept", "recordBounces", "defer", "append", "settled"]);
    const [left] = (await bench.store.list(shardOfTests, { limit: 9 })).units;
    expect(left?.unit.recipients).toEqual([{ path: path("b@example.net") }]);
  });

  test("from the store and done: its final state, then the journal", async () => {
    const bench = new Bench();
    const steps = await bench.attempted(await stored(bench), [good]);
    expect(steps).toEqual(["finish", "append", "settled"]);
  });

  test("from the store and not done: the next generation, with one more attempt", async () => {
    const bench = new Bench();
    await bench.attempted(await stored(bench), [later]);
    expect((await bench.store.list(shardOfTests, { limit: 9 })).units).toMatchObject([
      { attempts: 2, generation: 2 },
    ]);
  });

  test("no host and the destination down: it waits there, looked at when its time is over", async () => {
    const bench = new Bench();
    await bench.attempted(logged(), [unreachable], true);
    const [left] = (await bench.store.list(shardOfTests, { limit: 9 })).units;
    expect(left?.place).toEqual({ kind: "backlog" });
    const until = epoch + 24 * hour;
    const rows = await bench.store.wheel(shardOfTests, { until, limit: 9 });
    expect(rows.map((row) => row.at)).toEqual([unitOf().acceptedAt + 4 * hour]);
  });

  test("a unit whose writes fail is not settled, and is when they work again", async () => {
    const bench = new Bench();
    bench.failing.set("defer", new Error("away"));
    expect(await bench.attempted(logged(), [later])).toEqual([]);
    bench.failing.clear();
    await bench.clock.advance(1_000);
    expect(bench.steps).toEqual(["defer", "append", "settled"]);
  });
});

test("who is refused for good is on the suppression list before the unit is settled", async () => {
  const bench = new Bench();
  bench.failing.set("suppressions/put", new Error("the store is away"));
  expect(await bench.attempted(logged(), [bad])).toEqual(["accept", "recordBounces"]);
  await bench.clock.advance(5_000);
  expect(bench.steps).toEqual(["accept", "recordBounces"]);
  bench.failing.clear();
  await bench.clock.advance(1_000);
  expect(bench.steps.slice(2)).toEqual(["append", "settled"]);
  const { entries } = await bench.store.suppressions.page({ limit: 9 });
  expect(entries).toMatchObject([{ reason: "bad-mailbox", expiresAt: epoch + hour }]);
});

describe("events", () => {
  test("are told when the journal has it, one for each recipient", async () => {
    const bench = new Bench();
    bench.failing.set("append", new Error("the journal is away"));
    const outcomes = [good, bad, later];
    const paths = ["a", "b", "c"].map((name) => ({ path: path(`${name}@example.net`) }));
    await bench.attempted(
      logged({ recipients: paths, tenant: "acme", campaign: "spring" }),
      outcomes,
    );
    await bench.clock.advance(5_000);
    expect(bench.events.records).toEqual([]);
    bench.failing.clear();
    await bench.clock.advance(1_000);
    const told = bench.events.records.map(({ kind, recipient }) => `${kind} ${recipient}`);
    expect(told).toEqual([
      "delivery a@example.net",
      "bounce b@example.net",
      "transient c@example.net",
    ]);
    const [, , waiting] = bench.events.records;
    expect(waiting).toMatchObject({ tenant: "acme", campaign: "spring", attempt: 1 });
    expect(waiting?.provider).toBe("google");
    expect(waiting?.nextAttemptAt).toBeString();
  });

  test("are not told of what was settled without a try, but for a cancellation", async () => {
    const bench = new Bench();
    await bench.settlement.spill([logged()]);
    bench.settlement.left(logged({ uid: nthUid(2) }), "duplicate");
    await bench.settlement.cancelled([logged({ uid: nthUid(3) })]);
    await bench.clock.advance(0);
    expect(bench.events.records.map(({ kind, action, uid }) => [kind, action, uid])).toEqual([
      ["admin", "cancel", nthUid(3)],
    ]);
  });

  test("are not told of what is parked: it is nobody's word that it ended", async () => {
    const bench = new Bench();
    await bench.settlement.parked(await stored(bench));
    await bench.clock.advance(0);
    expect(bench.steps).toEqual(["finish", "append", "settled"]);
    expect(bench.events.records).toEqual([]);
  });

  test("tell of a life that is over", async () => {
    const bench = new Bench();
    bench.settlement.expired(logged());
    await bench.clock.advance(0);
    expect(bench.events.records).toMatchObject([{ kind: "expiration", status: "5.4.7" }]);
  });
});

describe("Settlement", () => {
  test.each([
    ["for a time of its own: the log has it as all times", later, false, "2026-"],
    ["since a host failed, with others left: likewise", unreachable, false, "2026-"],
    ["for its destination: there is no time of its own to tell", unreachable, true, undefined],
  ] as const)("what waits %s", async (_, outcome, isDown, begin) => {
    const bench = new Bench();
    await bench.attempted(logged(), [outcome], isDown);
    const [line] = bench.told;
    expect(line).toMatchObject({ event: "attempt", outcome: "transient" });
    const next = line?.next_attempt_at;
    const [event] = await bench.log.journal().trace("", 9);
    expect(next).toBe(event?.nextAttemptAt && new Date(event.nextAttemptAt).toISOString());
    expect(typeof next === "string" ? next.slice(0, 5) : next).toBe(begin);
  });

  test("without room for a failed notification the unit leaves the log, to fail once more", async () => {
    const bench = new Bench();
    bench.failing.set("accept", new IntakeFull("full"));
    expect(await bench.attempted(logged(two), [bad, good])).toEqual(["defer", "append", "settled"]);
    const [left] = (await bench.store.list(shardOfTests, { limit: 9 })).units;
    expect(left).toMatchObject({ attempts: 0, unit: { recipients: [{ path: "a@example.net" }] } });
    expect(await bench.store.bounces({ limit: 9 })).toEqual({ bounces: [] });
    const [event] = await bench.log.journal().trace("", 9);
    expect(event?.recipients.map((r) => r.outcome)).toEqual(["transient", "delivered"]);
  });

  test("a failure and an expiry behind it are two notifications", async () => {
    const bench = new Bench();
    await bench.attempted(logged(two), [bad, later]);
    const [left] = (await bench.store.list(shardOfTests, { limit: 9 })).units;
    if (left === undefined) throw new Error("one waits");
    const before = bench.log.bytes;
    bench.settlement.expired(fromStore(left, { rowsDone: [], since: 0 }));
    await bench.clock.advance(0);
    expect(bench.log.bytes).toBeGreaterThan(before);
  });

  test("the same failure told again after a crash is one notification", async () => {
    const bench = new Bench();
    await bench.attempted(logged(), [bad]);
    const before = bench.log.bytes;
    await bench.attempted(logged(), [bad]);
    expect(bench.log.bytes).toBe(before);
  });

  test("late in a backlog: told once, and marked so", async () => {
    const bench = new Bench();
    const queued = await stored(bench, { acceptedAt: epoch - 5 * hour });
    bench.settlement.look(queued);
    await bench.clock.advance(0);
    expect(bench.steps).toEqual(["accept", "defer", "append", "settled"]);
    expect((await bench.store.list(shardOfTests, { limit: 9 })).units).toMatchObject([
      { generation: 2, isDelayNotified: true, place: { kind: "backlog" } },
    ]);
  });

  test.each<[string, Partial<Unit>]>([
    ["from the null reverse-path", { envelope: { ...unitOf().envelope, reversePath: path("") } }],
    [
      "whose sender wants no news of delays",
      { recipients: [{ path: path("b@x.example"), notify: ["failure"] }] },
    ],
  ])("mail %s is looked at only when its lifetime is over", async (_, unit) => {
    const bench = new Bench();
    await bench.settlement.spill([logged(unit)]);
    const rows = await bench.store.wheel(shardOfTests, { until: epoch + 99 * hour, limit: 9 });
    expect(rows.map((row) => row.at)).toEqual([epoch + 24 * hour]);
  });

  test("spilling moves units as they are, and those without content are left aside", async () => {
    const bench = new Bench();
    const [whole, empty] = [
      logged(),
      fromLog(unitOf({ uid: deferred().unit.uid }), {
        sequence: 2,
        content: undefined,
        since: 0,
      }),
    ];
    const other = { ...empty, unit: unitOf({ uid: `${"9".repeat(26)}.0` as Unit["uid"] }) };
    await bench.settlement.spill([whole, other]);
    expect(bench.missing).toEqual([other]);
    expect((await bench.store.list(shardOfTests, { limit: 9 })).units).toMatchObject([
      { attempts: 0, place: { kind: "backlog" } },
    ]);
  });

  test("an outcome whose content was not found is put down again, not tried again", async () => {
    const bench = new Bench();
    const unit = unitOf({ expiresAt: epoch + 24 * hour, ...two });
    const queued = fromLog(unit, { sequence: 1, content: undefined, since: 0 });
    expect(await bench.attempted(queued, [good, later])).toEqual(["defer"]);
    expect(bench.missing).toEqual([queued]);
    const message = { id: queueIdOf(unit.uid), units: [unit], content: new Uint8Array(3) };
    await bench.log.intake().accept({ ...message, isRepeatable: false });
    bench.again();
    await bench.clock.advance(0);
    expect(bench.steps).toEqual(["defer", "defer", "append", "settled"]);
    const { units } = await bench.store.list(shardOfTests, { limit: 9 });
    expect(units[0]?.unit.recipients).toEqual(two.recipients.slice(1));
  });

  test("cancelled while it was tried: what is not done ends, and nobody is told", async () => {
    const bench = new Bench();
    const queued = logged(two);
    queued.isCancelled = true;
    expect(await bench.attempted(queued, [bad, later])).toEqual([
      "recordBounces",
      "append",
      "settled",
    ]);
    expect((await bench.log.journal().trace("", 9))[0]?.disposition).toBe("cancelled");
  });

  test("cancelled while it was moved: it is told to be unwanted", async () => {
    const bench = new Bench();
    bench.failing.set("defer", new Error("away"));
    const queued = logged();
    await bench.attempted(queued, [later]);
    queued.isCancelled = true;
    bench.failing.clear();
    await bench.clock.advance(1_000);
    expect(bench.unwanted).toEqual([queued]);
  });
});
