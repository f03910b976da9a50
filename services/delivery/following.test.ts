/** How a worker uses what stands in ADR 0021: where connections are few, and for whom. */
import { describe, expect, test } from "bun:test";
import type { CountedLimit } from "#lib/limits/limit";
import { parseRate } from "#lib/limits/rate";
import { parseSuppressionKey } from "#lib/suppression/suppression";
import { DeliveryBench, minute } from "../../test/support/delivery/delivery-bench.ts";
import {
  constantly,
  type PlainShaping,
  plainShaping,
} from "../../test/support/delivery/plain-shaping.ts";
import { path } from "../../test/support/records.ts";

const latencyMs = 25;
const provenance = "the test";

/** Two connections, at 50 ms for a round trip. */
async function setUp(plain: PlainShaping = {}): Promise<DeliveryBench> {
  const shaping = constantly(plainShaping({ first: 2, max: 2, ...plain }));
  const bench = await new DeliveryBench({ config: { shaping } }).start();
  bench.latencyMs = latencyMs;
  return bench;
}

/** Until the mail exchanger has so many. */
async function msUntil(bench: DeliveryBench, count: number): Promise<number> {
  const began = bench.clock.monotonic();
  await bench.clock.runUntil(() => bench.mx.taken.length >= count, { withinMs: 10 * minute });
  return bench.clock.monotonic() - began;
}

async function suppress(bench: DeliveryBench, mailbox: string): Promise<void> {
  const key = parseSuppressionKey(mailbox);
  if (key === undefined) throw new Error("no key");
  await bench.store.suppressions.put([{ key, reason: "bad-mailbox", at: 1 }]);
  await bench.worker.lookForSuppressions();
}

const takenOf = (bench: DeliveryBench, what: string) =>
  bench.mx.recipients.filter((each) => each.includes(what)).length;

describe("units that follow others", () => {
  test("double what a few connections carry", async () => {
    const [bench, other] = [await setUp(), await setUp()];
    other.mx.script = { extensions: [] };
    for (const each of [bench, other]) await each.acceptMany(200);
    // One round trip each instead of four, of which PIPELINING alone saves two.
    expect(await msUntil(bench, 200)).toBeLessThan((200 / 2) * 2 * latencyMs * 1.2);
    expect(await msUntil(other, 200)).toBeGreaterThan((200 / 2) * 8 * latencyMs);
    expect([bench.mx.sessionsMost, new Set(bench.mx.recipients).size]).toEqual([2, 200]);
  });

  test("do so where a limit allows fewer connections than are sensible", async () => {
    const connections: CountedLimit = {
      ...{ name: "few", kind: "connections", scope: ["destination"], provenance },
      max: 2,
    };
    const bench = await setUp({ first: 5, max: 20, limits: [connections] });
    await bench.acceptMany(200);
    expect(await msUntil(bench, 200)).toBeLessThan((200 / 2) * 2 * latencyMs * 1.2);
    expect([bench.mx.sessionsMost, new Set(bench.mx.recipients).size]).toEqual([2, 200]);
  });

  test("are as many as a limit on messages lets go", async () => {
    const rate = parseRate("300/min burst 1");
    if (!rate.ok) throw new Error(rate.message);
    const messages: CountedLimit = {
      ...{ name: "messages", kind: "messages", scope: ["destination"], provenance },
      rate: rate.value,
    };
    const bench = await setUp({ limits: [messages] });
    await bench.acceptMany(100);
    await bench.clock.advance(10_000);
    expect(bench.mx.taken.length).toBeGreaterThanOrEqual(45);
    expect(bench.mx.taken.length).toBeLessThanOrEqual(51);
  });

  test("leave another destination its turn over the connections of their provider", async () => {
    const connections: CountedLimit = {
      ...{ name: "provider", kind: "connections", scope: ["provider"], provenance },
      max: 2,
    };
    const shared = { ...plainShaping().pathFor({}), limits: [connections] };
    const shaping = { ...plainShaping(), pathFor: () => shared };
    const bench = await new DeliveryBench({ config: { shaping: () => shaping } }).start();
    bench.latencyMs = latencyMs;
    await bench.acceptMany(400);
    await bench.clock.advance(2_000);
    await bench.acceptMany(20, "other.example");
    await bench.clock.runUntil(() => takenOf(bench, "other.example") === 20, { withinMs: minute });
    expect(takenOf(bench, "example.net")).toBeLessThan(300);
    expect(bench.mx.sessionsMost).toBe(2);
  });

  test("leave another tenant its turn", async () => {
    const bench = await setUp();
    for (let n = 0; n < 400; n++) await bench.accept({ tenant: "bulk" });
    await bench.clock.advance(2_000);
    const recipients = [{ path: path("small@example.net") }];
    for (let n = 0; n < 20; n++) await bench.accept({ tenant: "small", recipients });
    await bench.clock.runUntil(() => takenOf(bench, "small@") === 20, { withinMs: minute });
    expect(bench.mx.taken.length).toBeLessThan(200);
  });

  test("go over no connection that counts for another tenant", async () => {
    const ofTenants: CountedLimit = {
      ...{ name: "tenants", kind: "connections", scope: ["tenant"], provenance },
      max: 1,
    };
    const bench = await setUp({ first: 1, max: 1, limits: [ofTenants] });
    for (let n = 0; n < 60; n++) await bench.accept({ tenant: n % 2 === 0 ? "a" : "b" });
    await bench.clock.advance(10 * minute);
    expect(bench.mx.taken.length).toBe(60);
    // Of the one place that both have each has it in turn, for connections of its own.
    expect(bench.mx.sessionsEver).toBeGreaterThan(1);
    expect(bench.mx.sessionsMost).toBe(1);
  });

  test("to whom nothing may be sent leave the session to those before and behind them", async () => {
    const bench = await setUp();
    await suppress(bench, "joe@example.net");
    for (let n = 0; n < 90; n++) {
      const name = n % 3 === 0 ? "joe" : `user${n}`;
      await bench.accept({ recipients: [{ path: path(`${name}@example.net`) }] });
    }
    await bench.clock.advance(4_000);
    expect([takenOf(bench, "user"), takenOf(bench, "joe")]).toEqual([60, 0]);
    // Two more for the notifications.
    expect(bench.mx.sessionsMost).toBeLessThanOrEqual(4);
    await bench.acceptMany(50);
    await bench.clock.advance(4_000);
    expect(takenOf(bench, "user")).toBe(110);
  });

  test("to whom nothing may be sent leave alone a session that awaits its reply for long", async () => {
    const bench = await setUp({ first: 1, max: 1, idleMs: 1_000 });
    await suppress(bench, "joe@example.net");
    bench.mx.script = {
      answer: (c) => {
        if (c === ".") bench.network.blackhole("192.0.2.1");
        return undefined;
      },
    };
    await bench.accept();
    await bench.accept({ recipients: [{ path: path("joe@example.net") }] });
    await bench.clock.advance(minute);
    bench.mx.script = {};
    bench.network.accept("192.0.2.1");
    await bench.clock.advance(1_000);
    await bench.accept();
    await bench.clock.advance(1_000);
    expect([takenOf(bench, "b@"), takenOf(bench, "joe")]).toEqual([2, 0]);
    expect(bench.events.filter(({ event }) => event === "attempt_broke_off")).toEqual([]);
  });

  test("arrive once when the worker stops in the middle", async () => {
    const bench = await setUp();
    await bench.acceptMany(200);
    await bench.clock.runUntil(() => bench.mx.taken.length >= 60, { withinMs: minute });
    const stopped = bench.worker.stop();
    await bench.clock.advance(minute);
    await stopped;
    expect(bench.mx.taken.length).toBeLessThan(200);
    await bench.restart();
    await bench.clock.advance(minute);
    expect([bench.mx.taken.length, new Set(bench.mx.recipients).size]).toEqual([200, 200]);
  });

  test("arrive once, all of them, whatever becomes of those before them", async () => {
    let dots = 0;
    const bench = await setUp();
    bench.mx.script = {
      answer: (command) => {
        if (command === ".") dots += 1;
        return command === "." && dots % 7 === 0 ? "421 4.3.2 Not now" : undefined;
      },
    };
    await bench.acceptMany(100);
    await bench.clock.advance(60 * minute);
    expect([bench.mx.taken.length, new Set(bench.mx.recipients).size]).toEqual([100, 100]);
  });
});
