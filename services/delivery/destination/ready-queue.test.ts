import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nthUid, unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import { fromLog, type QueuedUnit } from "../shard/queued-unit.ts";
import { type Lane, type LaneOf, ReadyQueue } from "./ready-queue.ts";

interface Told {
  readonly tenant?: string;
  readonly source?: string;
  readonly isHigh?: boolean;
  readonly recipients?: number;
}

const told = new Map<QueuedUnit, LaneOf>();
const weights = new Map([["heavy", 3]]);

let last = 0;

function unit({ tenant = "", source = "", isHigh = false, recipients = 1 }: Told = {}): QueuedUnit {
  last += 1;
  const addresses = Array.from({ length: recipients }, (_, n) => ({
    path: path(`b${n}@b.example`),
  }));
  const of = unitOf({ uid: nthUid(last), recipients: addresses });
  const queued = fromLog(of, { sequence: last, content: undefined, since: 0 });
  told.set(queued, { tenant, campaign: "", source, isHigh });
  return queued;
}

const nowhere: LaneOf = { tenant: "", campaign: "", source: "", isHigh: false };
const ofUnit = (queued: QueuedUnit) => told.get(queued) ?? nowhere;

function queueWith(units: readonly QueuedUnit[]): ReadyQueue {
  const queue = new ReadyQueue({
    laneOf: ofUnit,
    weightOf: (tenant) => weights.get(tenant) ?? 1,
  });
  for (const each of units) queue.push(each);
  return queue;
}

const many = (count: number, of: Told) => Array.from({ length: count }, () => unit(of));
const always = () => true;

/** Whose units come, one after the other. */
function takeAll(queue: ReadyQueue, countMax = Number.POSITIVE_INFINITY): string[] {
  const taken: string[] = [];
  while (taken.length < countMax) {
    const next = queue.take(always);
    if (next === undefined) break;
    taken.push(ofUnit(next).tenant);
  }
  return taken;
}

const countOf = (taken: readonly string[], name: string) =>
  taken.filter((each) => each === name).length;

describe("ReadyQueue", () => {
  test("of one tenant it is first in, first out", () => {
    const units = many(5, { tenant: "a" });
    const queue = queueWith(units);
    expect(units.map(() => queue.take(always))).toEqual(units);
    expect([queue.take(always), queue.length, queue.bytes]).toEqual([undefined, 0, 0]);
  });

  test("a few of one tenant do not wait behind the many of another", () => {
    const queue = queueWith([...many(1_000, { tenant: "a" }), ...many(10, { tenant: "b" })]);
    expect(countOf(takeAll(queue, 40), "b")).toBe(10);
  });

  test("tenants share by weight", () => {
    const queue = queueWith([...many(900, { tenant: "heavy" }), ...many(900, { tenant: "b" })]);
    const taken = takeAll(queue, 400);
    expect(countOf(taken, "heavy")).toBeGreaterThanOrEqual(290);
    expect(countOf(taken, "heavy")).toBeLessThanOrEqual(310);
  });

  test("whatever their weights, tenants with enough have parts in proportion", () => {
    const tenant = fc.record({
      weight: fc.integer({ min: 1, max: 100 }),
      recipients: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(tenant, { minLength: 2, maxLength: 5 }), (tenants) => {
        const queue = new ReadyQueue({
          laneOf: ofUnit,
          weightOf: (name) => tenants[Number(name)]?.weight ?? 0,
        });
        const all = tenants.reduce((sum, { weight }) => sum + weight, 0);
        const rounds = 3;
        // Nobody's ends before that of the others, which would then have the rest.
        const add = (name: number, count: number) => {
          const { recipients = 1 } = tenants[name] ?? {};
          for (const each of many(count, { tenant: String(name), recipients })) queue.push(each);
        };
        for (const [name, { weight, recipients }] of tenants.entries()) {
          add(name, Math.ceil((weight * 10 * (rounds + 2)) / recipients));
        }
        const got = tenants.map(() => 0);
        for (let sum = 0; sum < all * 10 * rounds; ) {
          const next = queue.take(always);
          if (next === undefined) break;
          const cost = next.unit.recipients.length;
          got[Number(ofUnit(next).tenant)] = (got[Number(ofUnit(next).tenant)] ?? 0) + cost;
          sum += cost;
        }
        // A turn more or less, and what is left of a message that did not fit into it.
        for (const [name, { weight, recipients }] of tenants.entries()) {
          const fair = weight * 10 * rounds;
          expect(Math.abs((got[name] ?? 0) - fair)).toBeLessThanOrEqual(weight * 10 + recipients);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("who has many recipients in a message has fewer messages in the same time", () => {
    const queue = queueWith([
      ...many(300, { tenant: "a", recipients: 25 }),
      ...many(5_000, { tenant: "b" }),
    ]);
    const taken = takeAll(queue, 2_600);
    expect(countOf(taken, "a")).toBeGreaterThanOrEqual(95);
    expect(countOf(taken, "a")).toBeLessThanOrEqual(105);
  });

  test("high priority overtakes its own tenant's, nobody else's", () => {
    const queue = queueWith([
      ...many(50, { tenant: "a" }),
      ...many(50, { tenant: "b" }),
      ...many(3, { tenant: "a", isHigh: true }),
    ]);
    const first = Array.from({ length: 6 }, () => queue.take(always));
    expect(first.filter((each) => each && ofUnit(each).isHigh)).toHaveLength(3);
    expect(countOf(takeAll(queue, 60), "b")).toBeGreaterThanOrEqual(25);
  });

  test("a lane that a limit keeps back does not keep the others", () => {
    const slow = many(3, { tenant: "a", source: "ip1" });
    const free = many(3, { tenant: "a", source: "ip2" });
    const queue = queueWith([...slow, ...free]);
    const blocked: Lane[] = [];
    const admit = (_: QueuedUnit, lane: Lane) => {
      if (lane.of.source === "ip2") return true;
      blocked.push(lane);
      return false;
    };
    expect(free.map(() => queue.take(admit))).toEqual(free);
    expect([queue.take(admit), blocked.length, queue.startable, queue.length]).toEqual([
      undefined,
      1,
      0,
      3,
    ]);
    queue.push(unit({ tenant: "a", source: "ip1" }));
    expect(queue.startable).toBe(0);
    for (const lane of blocked) queue.unblock(lane);
    expect(queue.startable).toBe(4);
    expect(slow.map(() => queue.take(always))).toEqual(slow);
  });

  test("whose turn it is keeps it where nothing is decided", () => {
    const units = [...many(30, { tenant: "a" }), ...many(30, { tenant: "b" })];
    const [queue, same] = [queueWith(units), queueWith(units)];
    for (let n = 0; n < 60; n++) {
      const asked: QueuedUnit[] = [];
      const undecided = (queued: QueuedUnit) => {
        asked.push(queued);
        return undefined;
      };
      expect([queue.take(undecided), queue.take(undecided)]).toEqual([undefined, undefined]);
      const next = same.take(always);
      expect(asked).toEqual([next, next].flatMap((each) => each ?? []));
      expect(queue.take(always)).toBe(next);
    }
    expect([queue.length, queue.startable]).toEqual([0, 0]);
  });

  test("what is asked for by a test is taken out of every lane, blocked or not", () => {
    const units = [...many(3, { tenant: "a" }), ...many(3, { tenant: "b" })];
    const queue = queueWith(units);
    queue.take((_, lane) => lane.of.tenant === "b");
    const [first] = units;
    expect(queue.takeOut((each) => each === first)).toEqual([first].flatMap((each) => each ?? []));
    expect([queue.length, queue.startable]).toEqual([4, 2]);
    expect(queue.takeOut(always)).toHaveLength(4);
    expect([queue.length, queue.startable, queue.bytes, queue.take(always)]).toEqual([
      0,
      0,
      0,
      undefined,
    ]);
  });

  test("knows how much of it is of one tenant", () => {
    const queue = queueWith([...many(3, { tenant: "a" }), unit({ tenant: "b" })]);
    expect(queue.ofTenant("a")).toMatchObject({ units: 3 });
    expect(queue.ofTenant("c")).toEqual({ units: 0, bytes: 0 });
  });

  test("lanes of names that come and go are not kept for ever", () => {
    const queue = queueWith([]);
    for (let n = 0; n < 1_000; n++) {
      queue.push(unit({ source: `s${n}` }));
      queue.take(always);
    }
    expect([...queue.lanes].length).toBeLessThanOrEqual(64);
  });

  test("a lane that is empty is forgotten when it is asked for, one that a limit keeps back is not", () => {
    const queue = queueWith([...many(2, { source: "a" }), unit({ source: "b" }), unit()]);
    const [, kept] = queue.lanes;
    if (kept !== undefined) queue.block(kept);
    expect(queue.takeOut(() => true)).toHaveLength(4);
    queue.forgetEmptyLanes();
    expect([...queue.lanes]).toEqual(kept === undefined ? [] : [kept]);
    if (kept !== undefined) queue.unblock(kept);
    queue.push(unit({ source: "a", tenant: "x" }));
    expect(takeAll(queue)).toEqual(["x"]);
  });

  test("whatever is pushed, blocked and taken, nothing is lost, doubled or out of its lane's order", () => {
    const step = fc.record({
      kind: fc.constantFrom("push", "take", "refuse", "unblock", "takeOut"),
      tenant: fc.constantFrom("", "a", "heavy"),
      source: fc.constantFrom("", "s"),
      isHigh: fc.boolean(),
      recipients: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = queueWith([]);
        const inside = new Set<QueuedUnit>();
        const blocked = new Set<Lane>();
        for (const { kind, ...of } of steps) {
          if (kind === "push") {
            const pushed = unit(of);
            queue.push(pushed);
            inside.add(pushed);
          } else if (kind === "takeOut") {
            for (const out of queue.takeOut((each) => ofUnit(each).source === of.source)) {
              expect(inside.delete(out)).toBe(true);
            }
          } else if (kind === "unblock") {
            for (const lane of blocked) queue.unblock(lane);
            blocked.clear();
          } else {
            const taken = queue.take((_, lane) => {
              if (kind === "take") return true;
              blocked.add(lane);
              return false;
            });
            if (taken !== undefined) expect(inside.delete(taken)).toBe(true);
            else if (kind === "take") expect(queue.startable).toBe(0);
          }
          expect(queue.length).toBe(inside.size);
        }
        for (const lane of blocked) queue.unblock(lane);
        expect(takeAll(queue)).toHaveLength(inside.size);
        expect([queue.bytes, queue.startable]).toEqual([0, 0]);
      }),
    );
  });
});
