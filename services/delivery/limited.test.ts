import { describe, expect, test } from "bun:test";
import type { CountedLimit } from "#lib/limits/limit";
import { parseRate } from "#lib/limits/rate";
import { shardOf } from "#lib/queue/shard";
import type { Shaping } from "#lib/shaping/shaping";
import { DeliveryBench, minute, named } from "../../test/support/delivery/delivery-bench.ts";
import {
  constantly,
  type PlainShaping,
  plainShaping,
} from "../../test/support/delivery/plain-shaping.ts";
import { destination, path } from "../../test/support/records.ts";

const net = destination("example.net");

function messages(text: string, scope: CountedLimit["scope"] = ["destination"]): CountedLimit {
  const rate = parseRate(text);
  if (!rate.ok) throw new Error(rate.message);
  return { name: "messages", kind: "messages", scope, rate: rate.value, provenance: "the test" };
}

async function setUp(plain: PlainShaping): Promise<DeliveryBench> {
  return await new DeliveryBench({ config: { shaping: constantly(plainShaping(plain)) } }).start();
}

const takenBy = (bench: DeliveryBench, name: string) =>
  bench.mx.taken.filter(({ recipients }) => recipients.some((each) => each.endsWith(`@${name}`)))
    .length;

describe("a limit", () => {
  test("on messages is kept to, and used", async () => {
    const bench = await setUp({ limits: [messages("10/min")] });
    await bench.acceptMany(100);
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(1);
    await bench.clock.advance(5 * minute);
    expect(bench.mx.taken.length).toBeGreaterThanOrEqual(48);
    expect(bench.mx.taken.length).toBeLessThanOrEqual(51);
  });

  test("of one destination does not keep another", async () => {
    const bench = await setUp({ limits: [messages("1/h")] });
    await bench.acceptMany(20);
    await bench.acceptMany(1, "other.example");
    await bench.clock.advance(10);
    expect([takenBy(bench, "example.net"), takenBy(bench, "other.example")]).toEqual([1, 1]);
  });

  test("of a provider binds all its destinations together", async () => {
    const bench = await setUp({ limits: [messages("60/min", ["provider"])] });
    await bench.acceptMany(100);
    await bench.acceptMany(100, "other.example");
    await bench.clock.advance(minute);
    expect(bench.mx.taken.length).toBeLessThanOrEqual(63);
    expect(bench.mx.taken.length).toBeGreaterThanOrEqual(57);
    expect(takenBy(bench, "other.example")).toBeGreaterThan(15);
    expect(takenBy(bench, "example.net")).toBeGreaterThan(15);
  });

  test("of a tenant keeps its own mail back, and nobody else's", async () => {
    const bench = await setUp({ limits: [messages("1/min", ["tenant"])] });
    for (let n = 0; n < 5; n++) await bench.accept({ tenant: "slow" });
    await bench.acceptMany(5);
    await bench.clock.advance(100);
    expect(bench.mx.taken.length).toBe(6);
  });

  test("on connections is shared by what goes to the same hosts, over the same sessions", async () => {
    const connections: CountedLimit = {
      name: "provider",
      kind: "connections",
      scope: ["provider"],
      max: 2,
      provenance: "the test",
    };
    const shaping: Shaping = {
      ...plainShaping(),
      pathFor: () => ({ ...plainShaping().pathFor({}), limits: [connections] }),
    };
    const bench = await new DeliveryBench({ config: { shaping: () => shaping } }).start();
    await bench.acceptMany(50);
    await bench.acceptMany(50, "other.example");
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(100);
    expect(bench.mx.sessionsEver).toBe(2);
  });

  test("that changes binds what comes next, and what waits", async () => {
    let shaping = plainShaping({ limits: [messages("1/h")] });
    const bench = await new DeliveryBench({ config: { shaping: () => shaping } }).start();
    await bench.acceptMany(10);
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(1);
    shaping = plainShaping();
    bench.worker.shapingChanged();
    await bench.clock.advance(10_000);
    expect(bench.mx.taken.length).toBe(10);
  });
});

describe("what waits for a provider's limit", () => {
  const limited = messages("1/h", ["provider"]);
  const free = plainShaping();
  /** A limit for who is at this provider. */
  const shaping: Shaping = {
    ...free,
    pathFor: ({ provider }) =>
      provider === "mx.example"
        ? plainShaping({ limits: [limited] }).pathFor({})
        : free.pathFor({}),
  };

  async function waiting() {
    const bench = await new DeliveryBench({ config: { shaping: constantly(shaping) } }).start();
    bench.resolver.set("new.example", "a", ["192.0.2.1"]);
    const mx = [{ preference: 10, exchange: "mx.example" }];
    bench.resolver.set("example.net", "mx", mx, minute);
    await bench.acceptMany(10);
    await bench.clock.advance(10_000);
    expect(bench.mx.taken.length).toBe(1);
    return bench;
  }

  test("asks anew when its destination has moved to another one", async () => {
    const bench = await waiting();
    bench.resolver.set("example.net", "mx", [{ preference: 10, exchange: "new.example" }]);
    // As long as the old answer is believed, and no longer; no other mail comes.
    await bench.clock.advance(40_000);
    expect(bench.mx.taken.length).toBe(1);
    await bench.clock.advance(20_000);
    expect(bench.mx.taken.length).toBe(10);
  });

  test("stays where it is when its destination does", async () => {
    const bench = await waiting();
    await bench.clock.advance(2 * minute);
    expect(bench.mx.taken.length).toBe(1);
  });
});

describe("mail whose turn comes", () => {
  test("just after it was moved to the store does not wait for the next look there", async () => {
    const bench = await setUp({ limits: [messages("9/min")] });
    const units = await bench.acceptMany(2);
    // It is looked each second: at 6 s one of them is moved, at 6.7 s it may go.
    await bench.clock.advance(6_800);
    const stories = await Promise.all(units.map((unit) => bench.story(unit)));
    const told = stories.map((story) => story.map(({ disposition }) => disposition));
    expect(told.toSorted((a, b) => a.length - b.length)).toEqual([
      ["delivered"],
      ["spilled", "delivered"],
    ]);
  });
});

describe("tenants", () => {
  test("with ten messages do not wait behind a thousand", async () => {
    const bench = await setUp({ limits: [messages("120/min")] });
    for (let n = 0; n < 1_000; n++) await bench.accept({ tenant: "bulk" });
    // By now they wait in the store; and so will those that come, at this pace.
    await bench.clock.advance(20_000);
    for (let n = 0; n < 10; n++) {
      await bench.accept({ tenant: "small", recipients: [{ path: path("x@example.net") }] });
    }
    await bench.clock.advance(20_000);
    const small = bench.mx.taken.filter(({ recipients }) => recipients.includes("x@example.net"));
    expect(small.length).toBe(10);
  });
});

describe("tenants with weights", () => {
  test("have their parts of a destination's sessions, and others after a reload", async () => {
    const common = { max: 1, first: 1 };
    let shaping = plainShaping({ ...common, weights: { gold: 3 } });
    const bench = await new DeliveryBench({ config: { shaping: () => shaping } }).start();
    bench.latencyMs = 5;
    const recipientsOf = (tenant: string) => [{ path: path(`${tenant}@example.net`) }];
    for (let n = 0; n < 400; n++) {
      for (const tenant of ["gold", "plain"]) {
        await bench.accept({ tenant, recipients: recipientsOf(tenant) });
      }
    }
    const goldIn = (from: number, to: number) =>
      bench.mx.taken
        .slice(from, to)
        .filter(({ recipients }) => recipients.includes("gold@example.net")).length;
    const taken = async (count: number) => {
      while (bench.mx.taken.length < count) await bench.clock.advance(100);
      return bench.mx.taken.length;
    };
    const first = await taken(160);
    expect(goldIn(0, 160)).toBeWithin(105, 136);
    shaping = plainShaping({ ...common, weights: { plain: 3 } });
    bench.worker.shapingChanged();
    await taken(first + 200);
    // The turn that is under way ends by the old weights.
    expect(goldIn(first + 40, first + 200)).toBeWithin(25, 56);
  });
});

describe("tenants with weights under a limit that they have in common", () => {
  const rate = messages("60/min burst 1", ["destination"]);
  const two: CountedLimit = {
    name: "provider",
    kind: "connections",
    scope: ["provider"],
    max: 2,
    provenance: "the test",
  };

  test.each([
    ["a rate", [rate], 120_000],
    ["connections that they share", [two], 1_500],
  ])("have their parts of %s", async (_, limits, ms) => {
    const shaping = plainShaping({ limits, weights: { gold: 4 } });
    const bench = await new DeliveryBench({ config: { shaping: constantly(shaping) } }).start();
    bench.latencyMs = 5;
    for (let n = 0; n < 300; n++) {
      for (const tenant of ["gold", "plain"]) {
        await bench.accept({ tenant, recipients: [{ path: path(`${tenant}@example.net`) }] });
      }
    }
    await bench.clock.advance(ms);
    const { length } = bench.mx.taken;
    const gold = bench.mx.taken.filter(({ recipients }) => recipients.includes("gold@example.net"));
    expect(length).toBeWithin(90, 300);
    expect(gold.length / length).toBeWithin(0.7, 0.9);
  });
});

describe("connections that cannot be shared", () => {
  test("are given up from time to time for others that wait for their place", async () => {
    const perTenant: CountedLimit = {
      name: "tenants",
      kind: "connections",
      scope: ["tenant"],
      max: 10,
      provenance: "the test",
    };
    const bench = await setUp({ max: 1, first: 1, limits: [perTenant] });
    for (let n = 0; n < 900; n++) await bench.accept({ tenant: "bulk" });
    const recipients = [{ path: path("x@example.net") }];
    for (let n = 0; n < 10; n++) await bench.accept({ tenant: "small", recipients });
    await bench.clock.advance(3_000);
    const last = bench.mx.taken.findLastIndex((taken) =>
      taken.recipients.includes("x@example.net"),
    );
    expect([last === -1, last < 300]).toEqual([false, true]);
    await bench.clock.advance(minute);
    expect(bench.mx.taken.length).toBe(910);
    // Not for each message.
    expect(bench.mx.sessionsEver).toBeLessThan(20);
  });
});

describe("connections of a provider whose domains have hosts of their own", () => {
  async function setUpHosts(max: number, limits: readonly CountedLimit[] = []) {
    const common = { name: "provider", scope: ["provider"] as const, provenance: "the test" };
    const all: CountedLimit[] = [{ ...common, kind: "connections", max }, ...limits];
    const shaping = { ...plainShaping({ limits: all }), providerOf: () => "big" };
    const bench = await new DeliveryBench({ config: { shaping: constantly(shaping) } }).start();
    for (let n = 0; n < 20; n++) {
      const host = `mx${n}.example`;
      bench.resolver.set(`d${n}.example`, "mx", [{ preference: 10, exchange: host }]);
      bench.resolver.set(host, "a", ["192.0.2.1"]);
    }
    return bench;
  }

  test("do not stand idle while others wait for their place", async () => {
    const bench = await setUpHosts(2);
    for (let n = 0; n < 20; n++) await bench.acceptMany(2, `d${n}.example`);
    await bench.clock.advance(1_000);
    expect([bench.mx.taken.length, bench.mx.sessionsMost]).toEqual([40, 2]);
  });

  test("have a place free for the next in turn, who had not before: nobody is passed over", async () => {
    const bench = await setUpHosts(2, [messages("10/s burst 1", ["provider"])]);
    bench.latencyMs = 8;
    for (let n = 0; n < 20; n++) await bench.acceptMany(5, `d${n}.example`);
    // Each QUIT takes 16 ms, of the 100 that are between two messages.
    await bench.clock.advance(4_000);
    const order = bench.mx.recipients.map((each) => each.slice(each.indexOf("@") + 1));
    expect(order.length).toBeGreaterThanOrEqual(36);
    expect(order.slice(0, 36)).toEqual(Array.from({ length: 36 }, (_, n) => `d${n % 20}.example`));
    expect(bench.mx.sessionsMost).toBe(2);
  });
});

describe("connections that one worker has idle", () => {
  test("are closed for another that waits for them, and those beyond a share at once", async () => {
    const common = { name: "provider", scope: ["provider"] as const, provenance: "the test" };
    const limits: CountedLimit[] = [{ ...common, kind: "connections", max: 4 }];
    const plain = plainShaping({ idleMs: minute, limits });
    const shaping = { ...plain, providerOf: () => "big" };
    const config = { shaping: constantly(shaping), shards: 16 };
    const bench = await new DeliveryBench({ config }).start();
    await bench.join("other/1");
    await bench.clock.advance(20_000);
    const names = Array.from({ length: 40 }, (_, n) => `d${n}.example`);
    for (const name of names) {
      bench.resolver.set(name, "mx", [{ preference: 10, exchange: `mx.${name}` }]);
      bench.resolver.set(`mx.${name}`, "a", ["192.0.2.1"]);
    }
    const owners = await Promise.all(
      names.map(async (name) => (await bench.leases.read(shardOf(named(name), 16)))?.owner),
    );
    const isOthers = (_: string, n: number) => owners[n] === "other/1";
    for (const name of names.filter((name, n) => !isOthers(name, n)).slice(0, 4)) {
      await bench.acceptMany(1, name);
    }
    // Well before it renews its share.
    await bench.clock.advance(1_100);
    expect([bench.mx.taken.length, bench.mx.sessions]).toEqual([4, 4]);
    for (const name of names.filter(isOthers).slice(0, 8)) await bench.acceptMany(2, name);
    await bench.clock.advance(1_000);
    expect([bench.mx.taken.length, bench.mx.sessionsMost]).toEqual([20, 4]);
  });
});

describe("what is kept back", () => {
  test("is told with the limit that binds, where it is said, and when the next may go", async () => {
    const bench = await setUp({ limits: [messages("1/h")] });
    await bench.acceptMany(3);
    await bench.clock.advance(100);
    const { destinations } = await bench.summary("example.net");
    expect(destinations).toMatchObject([
      {
        state: "open",
        provider: "mx.example",
        waits: [{ ready: 2, kind: "messages", value: "1/h", provenance: "the test" }],
      },
    ]);
    const until = destinations[0]?.waits?.[0]?.until ?? 0;
    expect(until - bench.clock.now()).toBeGreaterThan(59 * minute);
  });

  test("by a rule on replies waits until it ends, or is cancelled", async () => {
    const bench = await setUp({});
    bench.worker.measures.bind([
      {
        id: "aaaaaaaaaaaa",
        rule: "too many",
        provenance: "shaping.yaml:3",
        effect: { kind: "hold" },
        scope: { destination: net },
        since: bench.clock.now(),
        renewedAt: bench.clock.now(),
        until: bench.clock.now() + 60 * minute,
        count: 1,
        sample: "421 4.7.0 Too many",
        by: "another worker",
      },
    ]);
    await bench.acceptMany(2);
    await bench.acceptMany(1, "other.example");
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(1);
    const { destinations } = await bench.summary("example.net");
    expect(destinations[0]?.waits).toMatchObject([
      { kind: "hold", name: "too many", value: "421 4.7.0 Too many", scope: ["destination"] },
    ]);
    bench.worker.measures.cancel("aaaaaaaaaaaa");
    await bench.clock.advance(2_000);
    expect(bench.mx.taken.length).toBe(3);
  });

  test("by a rule that skips the host goes nowhere, and to nobody else", async () => {
    const bench = await setUp({});
    bench.resolver.set("example.net", "mx", [
      { preference: 10, exchange: "bad.example" },
      { preference: 20, exchange: "mx.example" },
    ]);
    bench.resolver.set("bad.example", "a", ["192.0.2.66"]);
    bench.network.blackhole("192.0.2.66");
    bench.worker.measures.bind([
      {
        id: "bbbbbbbbbbbb",
        rule: "bad host",
        provenance: "shaping.yaml:9",
        effect: { kind: "skipHost", host: "bad.example" },
        scope: {},
        since: bench.clock.now(),
        renewedAt: bench.clock.now(),
        until: bench.clock.now() + 60 * minute,
        count: 1,
        sample: "421 4.3.2 Not now",
        by: "another worker",
      },
    ]);
    await bench.acceptMany(2);
    await bench.clock.advance(100);
    expect(bench.mx.taken.length).toBe(2);
  });
});
