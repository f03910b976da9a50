import { describe, expect, test } from "bun:test";
import { epochOf, type Lease } from "#lib/leases/leases";
import { acquire } from "#lib/limits/acquire";
import type { Demand, RateLimit } from "#lib/limits/limit";
import { rateOf } from "#lib/limits/rate";
import { silentLog } from "#lib/telemetry/log";
import { DeliveryBench } from "../../../test/support/delivery/delivery-bench.ts";
import { incarnation, shard } from "../../../test/support/records.ts";
import { openedBy, toHandOver } from "./shard-limits.ts";

const zero = shard(0);
const epoch = epochOf(3);
const to = { destination: "a.example", provider: "p" };
const message: Demand = { messages: 1 };
const named = { name: "all", kind: "messages", provenance: "shaping.yaml:3" } as const;
const own: RateLimit = { ...named, scope: ["destination"], rate: rateOf(1, 60_000) };
const shared: RateLimit = { ...named, scope: ["provider"], rate: rateOf(100, 1_000) };

/** Limits under which one message a minute has gone at 0, as they are told at 1,000. */
function handed(): Uint8Array {
  const limits = openedBy(undefined, { shard: zero, log: silentLog, now: 0 });
  acquire(limits.counts.bind([own], to), message, 0);
  const told = toHandOver(limits, 1_000);
  if (told === undefined) throw new Error("it is small");
  return told;
}

function firstAt(lease: Lease | undefined): number {
  const { counts } = openedBy(lease, { shard: zero, log: silentLog, now: 50_000 });
  const acquired = acquire(counts.bind([own], to), message, 50_000);
  return acquired.kind === "granted" ? 50_000 : acquired.until;
}

describe("the limits of a shard", () => {
  test.each<[string, Lease | undefined, number, number]>([
    ["that nobody ever had are new", undefined, 50_000, 0],
    [
      "that was released with them go on",
      { epoch, checkpoint: { floor: 0, journals: [], limits: handed() } },
      109_000,
      0,
    ],
    [
      "whose owner is gone are as used up, whatever it was told itself",
      {
        epoch,
        owner: incarnation("w/1"),
        checkpoint: { floor: 0, journals: [], limits: handed() },
      },
      110_000,
      5_100,
    ],
    [
      "that was released by an older version are as used up",
      { epoch, checkpoint: { floor: 0, journals: [] } },
      110_000,
      5_100,
    ],
  ])("%s", (_, lease, at, silentForMs) => {
    expect(firstAt(lease)).toBeCloseTo(at, 0);
    const { home } = openedBy(lease, { shard: zero, log: silentLog, now: 50_000 });
    expect(home.silentForMs(50_000)).toBe(silentForMs);
  });
});

describe("a worker", () => {
  const limitsOf = ({ worker }: DeliveryBench) => worker.limits;

  function ask(bench: DeliveryBench, limit: RateLimit) {
    const limits = limitsOf(bench);
    return limits.acquire(limits.bind(zero, [limit], to), message);
  }

  test("that restarts in good order takes its limits along", async () => {
    const bench = await new DeliveryBench().start();
    expect(ask(bench, own).kind).toBe("granted");
    expect(ask(bench, shared).kind).toBe("refused");
    await bench.clock.advance(300);
    expect(ask(bench, shared).kind).toBe("granted");
    await bench.restart();
    expect(ask(bench, own)).toMatchObject({ until: expect.closeTo(59_700 + 300, -2) });
    // Its home is not silent: the share comes as soon as it is asked for.
    expect(ask(bench, shared).kind).toBe("refused");
    await bench.clock.advance(300);
    expect(ask(bench, shared).kind).toBe("granted");
  });

  test("that is given the shard of another goes on where that one stood", async () => {
    const bench = await new DeliveryBench().start();
    expect(ask(bench, own).kind).toBe("granted");
    const other = await bench.join("other/1");
    const stopped = bench.worker.stop();
    await bench.clock.advance(1_000);
    await stopped;
    await bench.clock.runUntil(() => other.owners.length === 1, { withinMs: 30_000 });
    const { limits } = other;
    const refused = limits.acquire(limits.bind(zero, [own], to), message);
    if (refused.kind === "granted") throw new Error("one a minute");
    expect(refused.until - bench.clock.monotonic()).toBeGreaterThan(58_000);
  });

  test("waits at a hand-over for sessions that are to be closed, but not for long", async () => {
    const bench = await new DeliveryBench().start();
    const limits = limitsOf(bench);
    const connections = { ...named, kind: "connections", scope: ["destination"], max: 2 } as const;
    const acquired = limits.acquire(limits.bind(zero, [connections], to), { connections: 1 });
    if (acquired.kind === "refused") throw new Error("it is granted");
    let isStopped = false;
    const stopped = bench.worker.stop().then(() => {
      isStopped = true;
    });
    await bench.clock.advance(500);
    expect([isStopped, limits.excess(acquired.permit)]).toEqual([false, true]);
    limits.release(acquired.permit);
    await bench.clock.advance(10);
    await stopped;
    await bench.restart();
    const again = limitsOf(bench);
    again.acquire(again.bind(zero, [connections], to), { connections: 1 });
    const late = bench.worker.stop();
    await bench.clock.advance(1_500);
    await late;
  });
});
