import { describe, expect, test } from "bun:test";
import type { Permit } from "#lib/limits/acquire";
import type { ConnectionLimit, CountedLimit, Demand, RateLimit, Subject } from "#lib/limits/limit";
import { type Rate, rateOf } from "#lib/limits/rate";
import { limitsBench } from "../../../test/support/limits/limits-bench.ts";
import { shard } from "../../../test/support/records.ts";

const zero = shard(0);
/** It is looked now and then who is there. */
const idleTimers = 1;
const one: Demand = { messages: 1 };

function messages(rate: Rate, scope: RateLimit["scope"] = ["destination"]): RateLimit {
  return { name: "all", kind: "messages", rate, scope, provenance: "shaping.yaml:3" };
}

function connections(max: number): ConnectionLimit {
  const scope = ["destination"] as const;
  return { name: "two", kind: "connections", max, scope, provenance: "shaping.yaml:4" };
}

/** One who sends as much as it may, each time that it is woken. */
function lane(bench: ReturnType<typeof limitsBench>, limits: readonly CountedLimit[], of: Subject) {
  const { limits: worker, clock } = bench;
  const sent: number[] = [];
  let left = 0;
  let wakes = 0;
  const go = () => {
    while (left > 0) {
      const acquired = worker.acquire(worker.bind(zero, limits, of), one);
      if (acquired.kind === "refused") {
        worker.whenWorthAsking(acquired, { demand: one, times: left }, () => {
          wakes += 1;
          go();
        });
        return;
      }
      left -= 1;
      sent.push(clock.monotonic());
    }
  };
  return {
    sent,
    get wakes() {
      return wakes;
    },
    send: (count: number) => {
      left += count;
      go();
    },
  };
}

describe("the limits of a worker", () => {
  test("wake who was refused at the time at which it may go", () => {
    const bench = limitsBench();
    const slow = lane(bench, [messages(rateOf(100, 60_000))], { destination: "a.example" });
    slow.send(4);
    bench.clock.advance(2_000);
    expect(slow.sent).toEqual([0, 600, 1_200, 1_800]);
    expect(slow.wakes).toBe(3);
    expect(bench.clock.timers).toBe(idleTimers);
  });

  test("have one timer for all who wait, and wake no more of them than can go", () => {
    const bench = limitsBench();
    const limit = messages(rateOf(10, 1_000));
    const lanes = Array.from({ length: 200 }, (_, n) =>
      lane(bench, [limit], { destination: "a.example", campaign: String(n) }),
    );
    for (const each of lanes) each.send(1);
    expect(bench.clock.timers).toBe(idleTimers + 1);
    bench.clock.advance(20_000);
    const wakes = lanes.reduce((sum, { wakes: each }) => sum + each, 0);
    expect(lanes.filter(({ sent }) => sent.length === 1)).toHaveLength(200);
    expect(wakes).toBe(198);
    // First come, first served.
    const times = lanes.map(({ sent: [at = 0] }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("wake who waits for a connection when one is released, in turn", () => {
    const bench = limitsBench();
    const { limits, clock } = bench;
    const bound = limits.bind(zero, [connections(2)], { destination: "a.example" });
    const demand = { connections: 1 };
    const permits: Permit[] = [];
    const woken: number[] = [];
    for (let n = 0; n < 5; n++) {
      const acquired = limits.acquire(bound, demand);
      if (acquired.kind === "granted") permits.push(acquired.permit);
      else limits.whenWorthAsking(acquired, { demand, times: 1 }, () => void woken.push(n));
    }
    clock.advance(60_000);
    expect(woken).toEqual([]);
    const [first, second] = permits;
    if (first === undefined || second === undefined) throw new Error("two are granted");
    limits.release(first);
    clock.advance(0);
    expect(woken).toEqual([2]);
    // It does not want any more: after a moment the next is asked.
    clock.advance(20);
    expect(woken).toEqual([2, 3]);
  });

  test("wake nobody who has given up, and are done with a shard that is given away", () => {
    const bench = limitsBench();
    const { limits, clock } = bench;
    const bound = limits.bind(zero, [messages(rateOf(1, 1_000))], { destination: "a.example" });
    limits.acquire(bound, one);
    let wakes = 0;
    for (const isOver of [true, false]) {
      const refused = limits.acquire(bound, one);
      if (refused.kind === "granted") throw new Error("one a second");
      const end = limits.whenWorthAsking(refused, { demand: one, times: 1 }, () => {
        wakes += 1;
      });
      if (isOver) end();
    }
    limits.close(zero);
    clock.advance(10_000);
    expect(wakes).toBe(0);
    expect(clock.timers).toBe(0);
    expect(limits.acquire(bound, one).kind).toBe("refused");
  });

  test("close what is open of a shard that is given away", () => {
    const { limits } = limitsBench();
    const bound = limits.bind(zero, [connections(2)], { destination: "a.example" });
    const acquired = limits.acquire(bound, { connections: 1 });
    if (acquired.kind === "refused") throw new Error("two are granted");
    expect(limits.excess(acquired.permit)).toBe(false);
    limits.close(zero);
    expect(limits.excess(acquired.permit)).toBe(true);
    limits.release(acquired.permit);
  });

  test("count what is open under the limits that apply since, and wake who gains by it", () => {
    const { limits, clock } = limitsBench();
    const to = { destination: "a.example" };
    const demand = { connections: 1 };
    const before = limits.bind(zero, [connections(1)], to);
    const acquired = limits.acquire(before, demand);
    const refused = limits.acquire(before, demand);
    if (acquired.kind === "refused" || refused.kind === "granted")
      throw new Error("one is granted");
    let wakes = 0;
    limits.whenWorthAsking(refused, { demand, times: 1 }, () => {
      wakes += 1;
    });
    const since = limits.bind(zero, [{ ...connections(1), name: "another" }], to);
    limits.rebind(acquired.permit, since);
    clock.advance(0);
    expect(wakes).toBe(1);
    expect(limits.acquire(since, demand).kind).toBe("refused");
    expect(limits.acquire(before, demand).kind).toBe("granted");
  });

  test("wake all when limits have changed", () => {
    const bench = limitsBench();
    const lanes = ["a.example", "b.example"].map((destination) =>
      lane(bench, [messages(rateOf(1, 86_400_000))], { destination }),
    );
    for (const each of lanes) each.send(2);
    bench.limits.wakeAll();
    expect(lanes.map(({ wakes }) => wakes)).toEqual([1, 1]);
  });

  test("begin after a crash as if their burst had been spent", () => {
    const bench = limitsBench({ opened: "after a crash" });
    const slow = lane(bench, [messages(rateOf(100, 60_000))], { destination: "a.example" });
    slow.send(2);
    bench.clock.advance(2_000);
    expect(slow.sent).toEqual([600, 1_200]);
  });
});
