import { describe, expect, test } from "bun:test";
import { AssertionError } from "#lib/assert";
import { acquire, type BoundLimit, type Permit } from "./acquire.ts";
import type { ConnectionLimit, CountedLimit, Demand, RateKind, RateLimit } from "./limit.ts";
import { LimitTable } from "./limit-table.ts";
import { type Rate, rateOf } from "./rate.ts";

const to = { destination: "a.example", provider: "p", tenant: "t" };

function rate(name: string, kind: RateKind, of: Rate): RateLimit {
  return { name, kind, rate: of, scope: ["destination"], provenance: "shaping.yaml:3" };
}

function connections(name: string, max: number): ConnectionLimit {
  return { name, kind: "connections", max, scope: ["destination"], provenance: "shaping.yaml:4" };
}

function granted(bound: readonly BoundLimit[], demand: Demand, now: number): Permit {
  const acquired = acquire(bound, demand, now);
  if (acquired.kind === "refused") throw new Error(`refused by ${acquired.binding.limit.name}`);
  return acquired.permit;
}

/** Name and time of the limit that refuses. */
function refusal(bound: readonly BoundLimit[], demand: Demand, now: number) {
  const acquired = acquire(bound, demand, now);
  if (acquired.kind === "granted") return "granted";
  return [acquired.binding.limit.name, acquired.until];
}

describe("acquire()", () => {
  const slow = rate("slow", "messages", { amount: 6, periodMs: 60_000, burst: 1 });
  const fast = rate("fast", "messages", { amount: 10, periodMs: 1_000, burst: 1 });

  test("spends nothing of one limit when another refuses", () => {
    const table = new LimitTable();
    const both = table.bind([fast, slow], to);
    granted(both, { messages: 1 }, 0);
    expect(refusal(both, { messages: 1 }, 200)).toEqual(["slow", expect.closeTo(10_000, 1)]);
    // Of the fast one nothing is gone.
    expect(refusal(table.bind([fast], to), { messages: 1 }, 200)).toBe("granted");
  });

  test("names the limit that lets through last, whatever their order", () => {
    for (const limits of [
      [slow, fast],
      [fast, slow],
    ]) {
      const bound = new LimitTable().bind(limits, to);
      granted(bound, { messages: 1 }, 0);
      expect(refusal(bound, { messages: 1 }, 0)).toEqual(["slow", expect.closeTo(10_000, 1)]);
    }
  });

  test("names a time that is known before connections that are full", () => {
    const full = connections("full", 1);
    for (const limits of [
      [full, slow],
      [slow, full],
    ]) {
      const bound = new LimitTable().bind(limits, to);
      granted(bound, { connections: 1, messages: 1 }, 0);
      const both = { connections: 1, messages: 1 };
      expect(refusal(bound, both, 0)).toEqual(["slow", expect.closeTo(10_000, 1)]);
      expect(refusal(bound, both, 10_000)).toEqual(["full", Number.POSITIVE_INFINITY]);
    }
  });

  test("asks only the limits of what is demanded", () => {
    const bound = new LimitTable().bind([slow, connections("one", 1)], to);
    granted(bound, { messages: 1 }, 0);
    expect(refusal(bound, { connections: 1 }, 0)).toBe("granted");
  });

  test("lets through without limits", () => {
    expect(refusal([], { connections: 1, messages: 1, bytes: 1e9 }, 0)).toBe("granted");
  });

  test("lets through what costs more than the burst when all is paid for, and has it paid for", () => {
    const bytes = rate("bytes", "bytes", rateOf(1_000, 1_000));
    const bound = new LimitTable().bind([bytes], to);
    granted(bound, { bytes: 50 }, 0);
    expect(refusal(bound, { bytes: 10_000 }, 0)).toEqual(["bytes", expect.closeTo(50, 1)]);
    granted(bound, { bytes: 10_000 }, 50);
    expect(refusal(bound, { bytes: 1 }, 60)).toEqual(["bytes", expect.closeTo(9_951, 1)]);
  });
});

describe("a permit", () => {
  const two = connections("two", 2);

  function bind(limits: readonly CountedLimit[], table: LimitTable): readonly BoundLimit[] {
    return table.bind(limits, to);
  }

  test("gives its connections back, and tells where there is room now", () => {
    const bound = bind([two], new LimitTable());
    const first = granted(bound, { connections: 1 }, 0);
    granted(bound, { connections: 1 }, 0);
    expect(refusal(bound, { connections: 1 }, 0)).toEqual(["two", Number.POSITIVE_INFINITY]);
    expect(first.release(1)).toEqual(bound.map(({ key }) => key));
    expect(refusal(bound, { connections: 1 }, 1)).toBe("granted");
  });

  test("is given back once", () => {
    const bound = bind([two], new LimitTable());
    const permit = granted(bound, { connections: 1 }, 0);
    permit.release(0);
    expect(() => permit.release(0)).toThrow(AssertionError);
    expect(() => permit.rebind(bound, 0)).toThrow(AssertionError);
  });

  test("of messages holds nothing", () => {
    const table = new LimitTable();
    const permit = granted(bind([two], table), { messages: 1 }, 0);
    expect(permit.release(0)).toEqual([]);
    expect(table.size).toBe(0);
  });

  test("counts under the limits that apply since, even above them", () => {
    const table = new LimitTable();
    const permits = [0, 1].map(() => granted(bind([two], table), { connections: 1 }, 0));
    const one = bind([two, connections("one", 1)], table);
    for (const permit of permits) permit.rebind(one, 1);
    expect(permits.map((permit) => permit.isExcess(1))).toEqual([true, true]);
    permits[0]?.release(1);
    expect(permits[1]?.isExcess(1)).toBe(false);
    expect(refusal(one, { connections: 1 }, 1)).toEqual(["one", Number.POSITIVE_INFINITY]);
    permits[1]?.release(1);
    expect(table.size).toBe(0);
  });
});

describe("what was spent and not used", () => {
  const slow = rate("slow", "messages", { amount: 6, periodMs: 60_000, burst: 1 });
  const fast = rate("fast", "recipients", { amount: 10, periodMs: 1_000, burst: 5 });

  function spend(bound: readonly BoundLimit[], demand: Demand, now: number) {
    const acquired = acquire(bound, demand, now);
    if (acquired.kind === "refused") throw new Error(`refused by ${acquired.binding.limit.name}`);
    return acquired.spent;
  }

  test("goes back to each of the limits that it was taken from, once", () => {
    const bound = new LimitTable().bind([slow, fast], to);
    const demand = { messages: 1, recipients: 3 };
    const spent = spend(bound, demand, 0);
    expect(spent.giveBack(0)).toEqual(bound.map(({ key }) => key));
    expect(spent.giveBack(0)).toEqual([]);
    expect(refusal(bound, demand, 0)).toBe("granted");
    expect(refusal(bound, demand, 0)).toEqual(["slow", expect.closeTo(10_000, 1)]);
  });

  test("goes back as far as it is not paid for", () => {
    const bound = new LimitTable().bind([slow], to);
    const spent = spend(bound, { messages: 1 }, 0);
    expect(spent.giveBack(9_999)).toEqual([bound[0]?.key ?? ""]);
    const other = new LimitTable().bind([fast], to);
    const half = spend(other, { recipients: 5 }, 0);
    spend(other, { recipients: 2 }, 200);
    // 500 ms pay for five: of two the time is over.
    expect(half.giveBack(200)).toHaveLength(1);
    expect(refusal(other, { recipients: 3 }, 200)).toBe("granted");
    expect(refusal(other, { recipients: 1 }, 200)).toEqual(["fast", expect.closeTo(300, 1)]);
    const late = spend(other, { recipients: 1 }, 2_000);
    expect(late.giveBack(2_100)).toEqual([]);
  });

  test("does not go back when its limit counts afresh: another pace, or a shard that is gone", () => {
    const table = new LimitTable();
    const spent = spend(table.bind([fast], to), { recipients: 5 }, 0);
    const faster = { ...fast, rate: { ...fast.rate, amount: 20 } };
    expect(refusal(table.bind([faster], to), { recipients: 1 }, 0)).not.toBe("granted");
    expect(spent.giveBack(0)).toEqual([]);
    const other = new LimitTable();
    const given = spend(other.bind([fast], to), { recipients: 5 }, 0);
    other.close();
    expect(given.giveBack(0)).toEqual([]);
  });
});
