import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "#lib/store/store";
import { adminRequest, listLimitMax } from "#proto/admin";
import {
  config,
  DeliveryBench,
  hour,
  minute,
  named,
} from "../../../test/support/delivery/delivery-bench.ts";
import { shard, uid } from "../../../test/support/records.ts";

const net = named("example.net");
const heldNet = { destination: net, reason: "quiet please", since: 1 };

/** Refuses everybody but the one named, for now. */
const busyBut = (name: string) => (command: string) =>
  command.startsWith("RCPT") && !command.includes(`<${name}@`)
    ? ("451 4.2.1 Later" as const)
    : undefined;

describe("queue.summary", () => {
  test("tells of a destination that is down: since when, until when, why, and what waits", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.refuse("192.0.2.1");
    await bench.acceptMany(30);
    await bench.clock.advance(1_000);
    const { destinations } = await bench.ask("queue.summary", {});
    // Those that were tried while others still ran have a time of their own.
    expect(destinations).toMatchObject([
      { destination: net, state: "down", backlog: 27, deferred: 3 },
    ]);
    expect(destinations[0]?.lastError).toContain("192.0.2.1 port 25: connection refused");
    expect(destinations[0]?.nextRetryAt).toBeGreaterThan(bench.clock.now() + 4 * minute);
  });

  test("tells of mail that waits for a time of its own, also after a restart", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busyBut("nobody") };
    await bench.acceptMany(3);
    await bench.clock.advance(1_000);
    expect((await bench.summary("example.net")).destinations[0]?.deferred).toBe(3);
    await bench.restart();
    const { destinations } = await bench.ask("queue.summary", { destination: net });
    expect(destinations).toMatchObject([{ destination: net, state: "open", deferred: 3 }]);
    const other = await bench.ask("queue.summary", { destination: named("other.example") });
    expect(other.destinations).toEqual([]);
  });

  test("tells of a held destination without mail", async () => {
    const bench = await new DeliveryBench().start();
    await bench.ask("queue.hold", heldNet);
    expect((await bench.ask("queue.summary", {})).destinations).toMatchObject([
      { destination: net, state: "held", lastError: "quiet please", since: 1, backlog: 0 },
    ]);
  });
});

describe("while the store is away", () => {
  test("what is in memory is told, and what could not be read", async () => {
    const state = { isAway: false };
    const storeFaults = {
      before: async () => {
        if (state.isAway) throw new StoreUnavailable("Cannot use the store: no node answers");
      },
      after: async () => {},
    };
    const bench = await new DeliveryBench({ storeFaults }).start();
    bench.network.blackhole("192.0.2.1");
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    state.isAway = true;
    const units = [{ uid: unit.uid, state: "inFlight" }];
    const unread = { shards: [0], reason: "Cannot use the store: no node answers" };
    expect(await bench.ask("queue.list", { limit: 10 })).toMatchObject({ units, unread });
    expect(await bench.ask("queue.show", { id: unit.uid })).toMatchObject({ units, unread });
    const { destinations } = await bench.ask("queue.summary", {});
    expect(destinations).toMatchObject([{ inFlight: 1, isDeferredPartial: true }]);
  });
});

describe("what is asked of one destination", () => {
  test("is looked for in its shard only", async () => {
    const looked: string[] = [];
    const storeFaults = {
      before: async ({ operation }: { operation: string }) => void looked.push(operation),
      after: async () => {},
    };
    const shards = 4;
    const bench = await new DeliveryBench({ config: { ...config, shards }, storeFaults }).start();
    await bench.clock.advance(1_000);
    const listed = async (verb: "queue.list" | "queue.summary", destination?: typeof net) => {
      looked.length = 0;
      await bench.ask(verb, { limit: 10, ...(destination === undefined ? {} : { destination }) });
      return looked.filter((operation) => operation === "list").length;
    };
    expect([await listed("queue.list"), await listed("queue.list", net)]).toEqual([4, 1]);
    expect(await listed("queue.summary", net)).toBe(1);
  });
});

describe("shard.status", () => {
  test("tells how far the shard is, and what holds it up", async () => {
    const bench = await new DeliveryBench().start();
    await bench.clock.advance(1_000);
    const { shards } = await bench.ask("shard.status", {});
    expect(shards).toMatchObject([{ epoch: 1, unsettled: 0, isLeaving: false }]);
    expect(shards[0]).not.toHaveProperty("heldUpBy");
  });
});

describe("queue.list and queue.show", () => {
  async function withWaiting() {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busyBut("nobody") };
    const deferred = await bench.accept();
    await bench.clock.advance(1_000);
    await bench.ask("queue.hold", { ...heldNet, destination: named("other.example") });
    const [backlogged] = await bench.acceptMany(1, "other.example");
    await bench.clock.advance(1_000);
    return { bench, deferred, backlogged };
  }

  test("list what is where, by uid, in pages", async () => {
    const { bench, deferred, backlogged } = await withWaiting();
    const all = await bench.ask("queue.list", { limit: 10 });
    expect(all.units.map((u) => [u.uid, u.state, u.attempts])).toEqual([
      [deferred.uid, "deferred", 1],
      [uid(backlogged?.uid ?? ""), "backlog", 0],
    ]);
    expect(all.units[0]?.recipients).toMatchObject([
      { path: "b@example.net", code: 451, status: "4.2.1" },
    ]);
    const first = await bench.ask("queue.list", { limit: 1 });
    expect(first.units.map((u) => u.uid)).toEqual([deferred.uid]);
    const rest = await bench.ask("queue.list", { limit: listLimitMax, after: deferred.uid });
    expect(rest.units.map((u) => u.state)).toEqual(["backlog"]);
    const of = await bench.ask("queue.list", { limit: 10, destination: net });
    expect(of.units.length).toBe(1);
  });

  test("list what waits with its destination under the destination's timer", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.refuse("192.0.2.1");
    await bench.acceptMany(1);
    await bench.clock.advance(1_000);
    const { destinations } = await bench.ask("queue.summary", {});
    const timer = { state: "backlog", nextAttemptAt: destinations[0]?.nextRetryAt ?? 0 } as const;
    const { units } = await bench.ask("queue.list", { limit: 10 });
    expect(units).toMatchObject([timer]);
    await bench.ask("queue.hold", heldNet);
    const held = await bench.ask("queue.list", { limit: 10 });
    expect(held.units.map((u) => u.nextAttemptAt)).toEqual([undefined]);
  });

  test("list a unit that is in flight, once", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.blackhole("192.0.2.1");
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    const { units } = await bench.ask("queue.list", { limit: 10 });
    expect(units).toMatchObject([{ uid: unit.uid, state: "inFlight" }]);
  });

  test("show has the header section, and nothing of the body", async () => {
    const { bench, deferred } = await withWaiting();
    const shown = await bench.ask("queue.show", { id: deferred.uid });
    expect(shown.units.map((u) => u.uid)).toEqual([deferred.uid]);
    expect(shown.headerSection).toBe("Subject: hello\r\nFrom: a@source.example\r\n");
    const unknown = await bench.ask("queue.show", { id: uid(`${"0".repeat(26)}.7`) });
    expect(unknown).toEqual({ units: [] });
  });
});

describe("queue.hold and queue.release", () => {
  test("hold at once what is ready and what comes, and let it go in order", async () => {
    const bench = await new DeliveryBench().start();
    await bench.ask("queue.hold", heldNet);
    await bench.store.putHold(heldNet);
    await bench.acceptMany(40);
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
    expect((await bench.summary("example.net")).destinations).toMatchObject([
      { state: "held", backlog: 40, ready: 0 },
    ]);
    await bench.store.dropHold(net);
    await bench.ask("queue.release", { destination: net });
    await bench.clock.advance(minute);
    expect([...bench.mx.recipients].sort()).toHaveLength(40);
  });

  test("a restart keeps what the store has", async () => {
    const bench = await new DeliveryBench().start();
    await bench.store.putHold(heldNet);
    await bench.restart();
    await bench.acceptMany(1);
    await bench.clock.advance(minute);
    expect(bench.mx.taken).toEqual([]);
  });

  test("mail does not outlive its lifetime because it is held, and its sender learns of both", async () => {
    const retry = { ...config.retry, delayNotificationMs: 10 * minute };
    const bench = await new DeliveryBench({ config: { retry } }).start();
    await bench.store.putHold(heldNet);
    await bench.restart();
    const unit = await bench.accept({ expiresAt: bench.clock.now() + hour });
    await bench.clock.advance(2 * hour);
    const story = await bench.story(unit);
    expect(story.map((e) => e.disposition)).toEqual(["spilled", "deferred", "failed"]);
    expect((story[1]?.at ?? 0) - unit.acceptedAt).toBeLessThan(10 * minute + 2_000);
    expect((story[2]?.at ?? 0) - unit.expiresAt).toBeLessThan(2_000);
    expect(bench.notifications.length).toBe(2);
  });
});

describe("queue.retry", () => {
  test("opens a destination that is down, and tries at once", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.refuse("192.0.2.1");
    await bench.acceptMany(30);
    await bench.clock.advance(1_000);
    bench.network.accept("192.0.2.1");
    const changed = await bench.ask("queue.retry", { destination: net });
    // Those beside them come from the backlog.
    expect(changed).toEqual({ units: 3, destinations: 1 });
    await bench.clock.advance(2_000);
    expect(bench.mx.taken.length).toBe(30);
  });

  test("brings units from the wheel before their time, each once", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busyBut("nobody") };
    const units = await bench.acceptMany(5);
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    const [first] = units;
    if (first === undefined) throw new Error("there is one");
    expect(await bench.ask("queue.retry", { id: first.uid })).toMatchObject({ units: 1 });
    await bench.clock.advance(100);
    expect(bench.mx.taken.length).toBe(1);
    expect(await bench.ask("queue.retry", { destination: net })).toMatchObject({ units: 4 });
    await bench.clock.advance(hour);
    expect(bench.mx.taken.length).toBe(5);
  });

  test("does not overrule a hold", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busyBut("nobody") };
    await bench.acceptMany(1);
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    await bench.ask("queue.hold", heldNet);
    await bench.ask("queue.retry", { destination: net });
    await bench.clock.advance(100);
    expect(bench.mx.taken).toEqual([]);
  });
});

describe("queue.cancel", () => {
  test("ends all units of a destination, wherever they wait, and tells no sender", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.refuse("192.0.2.1");
    const units = await bench.acceptMany(1_200);
    await bench.clock.advance(10_000);
    const changed = await bench.ask("queue.cancel", { destination: net });
    expect(changed).toEqual({ units: 1_200, destinations: 1 });
    expect((await bench.summary("example.net")).destinations[0]?.backlog).toBe(0);
    bench.network.accept("192.0.2.1");
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
    const last = units.at(-1);
    if (last === undefined) throw new Error("there is one");
    expect((await bench.story(last)).at(-1)?.disposition).toBe("cancelled");
    const [one] = await bench.acceptMany(1);
    await bench.clock.advance(1_000);
    expect(one === undefined ? [] : await bench.story(one)).toMatchObject([
      { disposition: "delivered" },
    ]);
  });

  test("of a message in flight: what is delivered is delivered, and nothing is tried again", async () => {
    const bench = await new DeliveryBench().start();
    bench.network.blackhole("192.0.2.1");
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    expect(await bench.ask("queue.cancel", { id: unit.uid })).toMatchObject({ units: 1 });
    await bench.clock.advance(hour);
    const story = await bench.story(unit);
    expect(story.map((e) => e.disposition)).toEqual(["cancelled"]);
    bench.network.accept("192.0.2.1");
    await bench.clock.advance(hour);
    expect(bench.mx.taken).toEqual([]);
  });

  test("of mail that is delivered while it is listed changes nothing of that", async () => {
    let listed = Promise.resolve();
    const storeFaults = {
      before: async () => {},
      after: async ({ operation }: { operation: string }) => {
        if (operation === "list") await listed;
      },
    };
    const bench = await new DeliveryBench({ storeFaults }).start();
    bench.mx.script = { answer: busyBut("nobody") };
    const unit = await bench.accept();
    await bench.clock.advance(1_000);
    bench.mx.script = {};
    const read = Promise.withResolvers<void>();
    listed = read.promise;
    const asked = bench.bus.ask(shard(0), adminRequest("queue.cancel", { destination: net }));
    await bench.clock.advance(hour);
    read.resolve();
    await bench.clock.advance(1_000);
    expect(await asked).toEqual({ units: 0, destinations: 0 });
    const story = await bench.story(unit);
    expect(story.map((e) => e.disposition)).toEqual(["deferred", "delivered"]);
  });

  test("of one message leaves the others", async () => {
    const bench = await new DeliveryBench().start();
    bench.mx.script = { answer: busyBut("nobody") };
    const [first] = await bench.acceptMany(3);
    await bench.clock.advance(1_000);
    if (first === undefined) throw new Error("there is one");
    await bench.ask("queue.cancel", { id: first.uid });
    bench.mx.script = {};
    await bench.clock.advance(hour);
    expect([...bench.mx.recipients].sort()).toEqual(["user1@example.net", "user2@example.net"]);
  });
});

test("a shard answers for itself, and what is no verb is refused", async () => {
  const bench = await new DeliveryBench().start();
  const asked = bench.bus.ask(shard(0), { verb: "queue.summary", arguments: {} });
  await bench.clock.advance(0);
  expect(await asked).toEqual({ destinations: [] });
  const wrong = bench.bus.ask(shard(0), { verb: "queue.burn", arguments: {} });
  await expect(wrong).rejects.toThrow("no such verb");
});
