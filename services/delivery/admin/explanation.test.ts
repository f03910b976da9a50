/** Where the units of a message stand, as `queue.explain` tells it; and the same, counted. */
import { describe, expect, test } from "bun:test";
import type { CountedLimit } from "#lib/limits/limit";
import { parseRate } from "#lib/limits/rate";
import { queueIdOf, type Unit } from "#lib/queue/unit";
import { StoreUnavailable } from "#lib/store/store";
import { DeliveryBench, minute, named } from "../../../test/support/delivery/delivery-bench.ts";
import { plainShaping } from "../../../test/support/delivery/plain-shaping.ts";
import { incarnation } from "../../../test/support/records.ts";
import { Delivery } from "../delivery.ts";

const address = "192.0.2.1";

function onePerMinute(): CountedLimit {
  const rate = parseRate("1/min");
  if (!rate.ok) throw new Error(rate.message);
  const common = { kind: "messages", rate: rate.value, provenance: "the test" } as const;
  return { ...common, name: "slow", scope: ["destination"] };
}

async function limited(): Promise<DeliveryBench> {
  const shaping = plainShaping({ limits: [onePerMinute()] });
  return await new DeliveryBench({ config: { shaping: () => shaping } }).start();
}

async function standingOf(bench: DeliveryBench, { uid }: Unit) {
  const { units, destinations } = await bench.ask("queue.explain", { id: uid });
  expect(units).toHaveLength(1);
  return { ...units[0], destination: destinations[0] };
}

/** `reason provider units/destinations`. */
const counted = (bench: DeliveryBench) =>
  bench.worker.waiting
    .map((c) => `${c.reason} ${c.provider} ${c.units}/${c.destinations}`)
    .toSorted();

describe("a unit that waits", () => {
  test("in a lane: for which limit, behind how many, and until when", async () => {
    const bench = await limited();
    const units = await bench.acceptMany(4);
    await bench.clock.advance(1_000);
    const [, , , last] = units;
    if (last === undefined) throw new Error("four were accepted");
    const { standing, destination } = await standingOf(bench, last);
    const wait = { kind: "messages", name: "slow", value: "1/min", provenance: "the test" };
    expect(standing).toMatchObject({ place: "lane", reason: "messages", ahead: 2, wait });
    expect(standing?.wait?.until).toBeGreaterThan(bench.clock.now());
    expect(destination).toMatchObject({ state: "open", waits: [wait], ready: 3 });
    expect(counted(bench)).toEqual(["messages other 3/1"]);
  });

  test("in the retry wheel: when it is tried next, how often it was, what the last reply was", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "451 4.2.1 Later" : undefined) };
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    const explained = await standingOf(bench, unit);
    expect(explained.standing).toEqual({ place: "wheel", reason: "schedule" });
    expect(explained.unit).toMatchObject({ attempts: 1, recipients: [{ code: 451 }] });
    expect(explained.unit?.nextAttemptAt).toBeGreaterThan(bench.clock.now() + 4 * minute);
    expect(counted(bench)).toEqual(["schedule unknown 1/1"]);
  });

  test("in a backlog: its destination is down, or held, and why", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.refuse(address);
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    expect(await standingOf(bench, unit)).toMatchObject({
      standing: { place: "backlog", reason: "down" },
      destination: { state: "down", lastError: expect.stringContaining("connection refused") },
    });
    const hold = { destination: named("other.example"), reason: "moving", since: 1 };
    await bench.ask("queue.hold", hold);
    const [held] = await bench.acceptMany(1, "other.example");
    await bench.clock.advance(1_000);
    if (held === undefined) throw new Error("one was accepted");
    expect(await standingOf(bench, held)).toMatchObject({
      standing: { place: "backlog", reason: "hold" },
      destination: { state: "held", lastError: "moving" },
    });
    expect(counted(bench)).toEqual(["down other 1/1", "hold unknown 1/1"]);
  });

  test("for a session: the destination has as many as are sensible", async () => {
    const shaping = plainShaping({ first: 1, max: 1, limits: [] });
    const bench = await new DeliveryBench({ config: { shaping: () => shaping } }).start();
    bench.mx.script = { answer: (c) => (c.startsWith("RCPT") ? "nothing" : undefined) };
    const [first, second] = await bench.acceptMany(2);
    await bench.clock.advance(1_000);
    if (first === undefined || second === undefined) throw new Error("two were accepted");
    expect((await standingOf(bench, first)).standing).toEqual({
      place: "trying",
      host: `mx.example[${address}]`,
    });
    expect((await standingOf(bench, second)).standing).toEqual({
      place: "lane",
      reason: "window",
      ahead: 0,
    });
    expect(counted(bench)).toEqual(["window other 1/1"]);
  });
});

describe("a unit that an owner left behind", () => {
  test("is suspect while the store does not tell whether it was dealt with", async () => {
    const state = { isAway: false };
    const storeFaults = {
      before: async () => {
        if (state.isAway) throw new StoreUnavailable("Cannot use the store: no node answers");
      },
      after: async () => {},
    };
    const bench = new DeliveryBench({ storeFaults });
    const { clock, log, leases } = bench;
    const delivery = new Delivery("a", bench.ports);
    const started = delivery.start();
    await clock.advance(0);
    await started;
    state.isAway = true;
    const [member] = await leases.members();
    await log.journal().seal(incarnation(member?.incarnation ?? ""));
    const [left] = await bench.acceptMany(1);
    // The seal is seen at the first record.
    await clock.advance(40_000);
    if (left === undefined) throw new Error("one was accepted");
    const { standing, unit } = await standingOf(bench, left);
    expect(standing).toEqual({ place: "suspect", reason: "store" });
    expect(unit).toMatchObject({ uid: left.uid, recipients: [{ path: "user0@example.net" }] });
    const { worker } = delivery;
    expect(worker?.waiting).toMatchObject([{ reason: "store", provider: "unknown", units: 1 }]);
    state.isAway = false;
    await clock.advance(10_000);
    expect((await bench.ask("queue.explain", { id: left.uid })).units).toEqual([]);
    expect(worker?.waiting).toEqual([]);
  });
});

test("a message is explained with all its units, one unit alone, and others not at all", async () => {
  const bench = await limited();
  await bench.accept();
  const asked = await bench.accept();
  await bench.clock.advance(1_000);
  const ofMessage = await bench.ask("queue.explain", { id: queueIdOf(asked.uid) });
  expect(ofMessage.units.map(({ unit }) => unit.uid)).toEqual([asked.uid]);
  await bench.clock.advance(10 * minute);
  expect(await bench.ask("queue.explain", { id: asked.uid })).toEqual({
    units: [],
    destinations: [],
  });
  expect(counted(bench)).toEqual([]);
});
