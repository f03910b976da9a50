import { describe, expect, test } from "bun:test";
import { acquire } from "./acquire.ts";
import type { CountedLimit, RateLimit } from "./limit.ts";
import { LimitTable } from "./limit-table.ts";

const to = { destination: "a.example", provider: "p" };
const minute = 60_000;

function messages(amount: number, periodMs: number, burst = 1): RateLimit {
  const rate = { amount, periodMs, burst };
  return { name: "all", kind: "messages", rate, scope: ["destination"], provenance: "default" };
}

const oneConnection: CountedLimit = {
  name: "one",
  kind: "connections",
  max: 1,
  scope: ["destination"],
  provenance: "default",
};

/** The time at which the next message may go; the present if it went. */
function send(table: LimitTable, limit: CountedLimit, now: number): number {
  const acquired = acquire(table.bind([limit], to), { messages: 1 }, now);
  return acquired.kind === "granted" ? now : acquired.until;
}

describe("a table of limits", () => {
  test("binds what applies and is no other shard's matter", () => {
    const bound = new LimitTable().bind(
      [
        messages(1, minute),
        { ...messages(1, minute), scope: ["provider"] },
        { ...messages(1, minute), scope: ["destination", "campaign"] },
      ],
      to,
    );
    expect(bound.map(({ limit }) => limit.scope)).toEqual([["destination"]]);
  });

  test("keeps the debt in messages when a rate is changed", () => {
    const table = new LimitTable();
    const perDay = messages(10, 86_400_000, 10);
    for (let n = 0; n < 10; n++) expect(send(table, perDay, 0)).toBe(0);
    expect(send(table, perDay, 0)).toBeGreaterThan(8_000_000);
    // All ten are spent of the new burst, too; but nothing waits for hours.
    const perMinute = messages(60, minute, 10);
    expect(send(table, perMinute, 0)).toBeCloseTo(1_000, 1);
    expect(send(table, perMinute, 1_000)).toBe(1_000);
    expect(send(table, perMinute, 1_000)).toBeCloseTo(2_000, 1);
  });

  test("goes on after a hand-over as if no time had passed, on a clock of its own", () => {
    const table = new LimitTable();
    const limit = messages(6, minute);
    expect(send(table, limit, 500)).toBe(500);
    const restored = LimitTable.restored(table.snapshot(2_500), 7_000_000);
    expect(send(restored, limit, 7_000_000)).toBeCloseTo(7_008_000, 1);
  });

  test("hands over what is unpaid only, and no connection", () => {
    const table = new LimitTable();
    send(table, messages(6, minute), 0);
    expect(table.snapshot(9_999).unpaid).toHaveLength(1);
    expect(table.snapshot(10_000).unpaid).toEqual([]);
    acquire(table.bind([oneConnection], to), { connections: 1 }, 0);
    expect(table.snapshot(10_000)).toEqual({ unpaid: [], crash: undefined });
  });

  test("begins after a crash as if its burst had been spent, and goes on at its pace", () => {
    const table = new LimitTable({ at: 1_000, demandMax: { messages: 1 } });
    const limit = messages(60, minute, 20);
    expect(send(table, limit, 1_000)).toBeCloseTo(2_000, 1);
    expect(send(table, limit, 2_000)).toBe(2_000);
    expect(send(table, limit, 2_000)).toBeCloseTo(3_000, 1);
  });

  test("that is closed lets nothing through, and what is open is excess until it is given back", () => {
    const table = new LimitTable();
    const bound = table.bind([oneConnection], to);
    const acquired = acquire(bound, { connections: 1 }, 0);
    if (acquired.kind === "refused") throw new Error("one is granted");
    expect([table.open, acquired.permit.isExcess(0)]).toEqual([1, false]);
    table.close();
    expect(acquired.permit.isExcess(0)).toBe(true);
    acquired.permit.release(0);
    expect(table.open).toBe(0);
    expect(acquire(bound, { connections: 1 }, 0)).toMatchObject({
      until: Number.POSITIVE_INFINITY,
    });
    expect(send(table, messages(1, minute), 0)).toBe(Number.POSITIVE_INFINITY);
  });

  test("tells what is taken: connections, and what is not paid for", () => {
    const table = new LimitTable();
    const [rate] = table.bind([messages(60, minute, 5)], to);
    const [connection] = table.bind([oneConnection], to);
    if (rate === undefined || connection === undefined) throw new Error("they apply");
    acquire([rate, connection], { messages: 3, connections: 1 }, 0);
    expect([table.taken(rate, 0), table.taken(connection, 0)]).toEqual([3, 1]);
    expect(table.taken(rate, 1_500)).toBe(1.5);
    expect(table.taken(rate, 9_000)).toBe(0);
  });

  test("knows of a crash even after a hand-over", () => {
    const crashed = new LimitTable({ at: 1_000, demandMax: { messages: 1 } });
    const limit = messages(6, minute);
    const restored = LimitTable.restored(crashed.snapshot(3_000), 0);
    expect(send(restored, limit, 0)).toBeCloseTo(8_000, 1);
  });

  test("has no connections after a crash: they ended with their process", () => {
    const table = new LimitTable({ at: 0, demandMax: {} });
    const bound = table.bind([oneConnection], to);
    expect(acquire(bound, { connections: 1 }, 0).kind).toBe("granted");
  });

  test("forgets what is idle: it holds about twice what is under way, however much is known", () => {
    const table = new LimitTable();
    const limit = messages(100, 1_000);
    let most = 0;
    for (let n = 0; n < 50_000; n++) {
      const bound = table.bind([limit], { destination: `d${n}.example` });
      // Each is paid for after 10 ms: a hundred are under way at once.
      acquire(bound, { messages: 1 }, n / 10);
      most = Math.max(most, table.size);
    }
    expect(most).toBeLessThan(250);
  });
});
