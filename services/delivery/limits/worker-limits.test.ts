import { describe, expect, test } from "bun:test";
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

  /** So many refused one after the other; what each does when it is woken. */
  function refusedConnections(woken: (n: number) => void, count: number) {
    const bench = limitsBench();
    const { limits } = bench;
    const bound = limits.bind(zero, [connections(2)], { destination: "a.example" });
    const demand = { connections: 1 };
    const take = () => limits.acquire(bound, demand);
    const [first, second] = [take(), take()];
    if (first.kind === "refused" || second.kind === "refused") throw new Error("two are granted");
    for (let n = 0; n < count; n++) {
      const refused = take();
      if (refused.kind === "granted") throw new Error("no more than two are");
      limits.whenWorthAsking(refused, { demand, times: 1 }, () => woken(n));
    }
    return { ...bench, take, permits: [first.permit, second.permit] };
  }

  test("wake who waits for a connection when one is released, in turn", () => {
    const woken: number[] = [];
    const { limits, clock, take, permits } = refusedConnections((n) => {
      woken.push(n);
      expect(take().kind).toBe("granted");
    }, 3);
    clock.advance(60_000);
    expect(woken).toEqual([]);
    for (const [n, permit] of permits.entries()) {
      limits.release(permit);
      clock.advance(0);
      expect(woken).toEqual([0, 1].slice(0, n + 1));
    }
  });

  test("do not wait for who is woken and does not want it any more", () => {
    const woken: number[] = [];
    const { limits, clock, take, permits } = refusedConnections((n) => {
      woken.push(n);
      if (n === 2) expect(take().kind).toBe("granted");
    }, 4);
    for (const permit of permits.slice(0, 1)) limits.release(permit);
    clock.advance(0);
    expect(woken).toEqual([0, 1, 2]);
  });

  test("do not wake all at once who may wait for something else, too", () => {
    let woken = 0;
    const { limits, clock, permits } = refusedConnections(() => {
      woken += 1;
    }, 30);
    for (const permit of permits.slice(0, 1)) limits.release(permit);
    clock.advance(0);
    expect(woken).toBe(11);
    clock.advance(20);
    expect(woken).toBe(22);
  });

  test("tell who is next before it is woken, and nobody else", () => {
    const { limits, clock } = limitsBench();
    const bound = limits.bind(zero, [messages(rateOf(1, 1_000))], { destination: "a.example" });
    limits.acquire(bound, one);
    const told: string[] = [];
    for (const name of ["a", "b", "c"]) {
      const refused = limits.acquire(bound, one);
      if (refused.kind === "granted") throw new Error("one a second");
      const isNext = () => void told.push(`${name} is next`);
      limits.whenWorthAsking(refused, { demand: one, times: 1, isNext }, () => {
        told.push(name);
        limits.acquire(bound, one);
      });
    }
    clock.advance(2_000);
    expect(told).toEqual(["a", "b is next", "b", "c is next"]);
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
