import { describe, expect, test } from "bun:test";
import { DeliveryBench, minute } from "../../test/support/delivery/delivery-bench.ts";
import type { DeliveryConfig } from "./config.ts";

const sources: DeliveryConfig["sources"] = [
  { name: "ip1", egress: { address: "192.0.2.101" }, hostname: "out1.example" },
  { name: "ip2", egress: { address: "192.0.2.102" } },
  {
    name: "tunnel",
    egress: { proxy: { kind: "socks5", at: { address: "192.0.2.9", port: 1080 } } },
  },
];
const pools: DeliveryConfig["pools"] = [
  {
    name: "bulk",
    sources: [
      { name: "ip1", weight: 1 },
      { name: "ip2", weight: 1 },
    ],
    for: [{ tenant: "acme" }],
  },
  {
    name: "far",
    sources: [
      { name: "tunnel", weight: 100 },
      { name: "ip2", weight: 1 },
    ],
    for: [],
  },
];

async function setUp(): Promise<DeliveryBench> {
  return await new DeliveryBench({ config: { sources, pools } }).start();
}

describe("mail of a pool", () => {
  test("goes out from its sources, each under its own name", async () => {
    const bench = await setUp();
    for (let n = 0; n < 40; n++) await bench.accept({ tenant: "acme" });
    await bench.accept();
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(41);
    const told = new Set(bench.mx.greetings.map(({ from, name }) => `${from} ${name}`));
    expect([...told].toSorted()).toEqual([
      "192.0.2.101 out1.example",
      "192.0.2.102 out.example",
      "192.0.2.99 out.example",
    ]);
  });

  test("that is refused is recorded with the source that it went by", async () => {
    const bench = await setUp();
    bench.mx.script = {
      answer: (c) => (c.startsWith("RCPT TO:<b@") ? "550 5.1.1 no such user" : undefined),
    };
    await bench.accept({ tenant: "acme" });
    await bench.accept();
    await bench.clock.advance(1_000);
    const lines = bench.events.filter(({ event, outcome }) => {
      return event === "attempt" && outcome === "permanent";
    });
    expect(lines.map(({ source }) => source ?? "none").toSorted()).toEqual([
      expect.stringMatching(/^ip[12]$/),
      "none",
    ]);
    const { bounces } = await bench.store.bounces({ limit: 9 });
    const found = bounces.filter(({ kind }) => kind === "failed").map((it) => it.source ?? "none");
    expect(found.toSorted()).toEqual([expect.stringMatching(/^ip[12]$/), "none"]);
  });

  test("is told with the pool that it went by, whoever chose that", async () => {
    const bench = await setUp();
    bench.network.refuse("192.0.2.9");
    await bench.accept({ tenant: "acme" });
    await bench.accept({ pool: "far" });
    await bench.accept({ pool: "removed", tenant: "acme" });
    await bench.accept();
    await bench.clock.advance(5_000);
    const went = bench.recorded.records.filter(({ kind }) => kind === "delivery");
    const told = went.map(({ tenant = "none", source, pool = "none" }) => {
      return `${tenant} by ${pool}${source === undefined ? "" : ", which has sources"}`;
    });
    expect(told.toSorted()).toEqual([
      "acme by bulk, which has sources",
      "acme by bulk, which has sources",
      "none by far, which has sources",
      "none by none",
    ]);
  });

  test("that is there no more goes as that of none, which is told once", async () => {
    const bench = await setUp();
    for (let n = 0; n < 5; n++) await bench.accept({ pool: "removed", tenant: "acme" });
    await bench.accept({ pool: "removed" });
    await bench.clock.advance(1_000);
    expect(bench.mx.taken.length).toBe(6);
    const from = new Set(bench.mx.greetings.map((greeting) => greeting.from));
    expect([...from].toSorted()).toEqual(["192.0.2.101", "192.0.2.102", "192.0.2.99"]);
    const told = () => bench.events.filter(({ event }) => event === "pool_unknown");
    expect(told()).toMatchObject([{ pool: "removed" }]);
    await bench.clock.advance(61 * minute);
    await bench.accept({ pool: "removed" });
    await bench.clock.advance(1_000);
    expect(told()).toHaveLength(2);
  });

  test("goes by another source when its own cannot be used, and nothing is lost", async () => {
    const bench = await setUp();
    bench.network.refuse("192.0.2.9");
    for (let n = 0; n < 20; n++) await bench.accept({ pool: "far" });
    await bench.clock.advance(5_000);
    expect(bench.mx.taken.length).toBe(20);
    expect(new Set(bench.mx.greetings.map(({ from }) => from))).toEqual(new Set(["192.0.2.102"]));
    const failed = bench.events.filter(({ event }) => event === "source_failed");
    expect(failed).toMatchObject([{ source: "tunnel" }]);
  });

  test("waits, and says so, when none of its sources can be used", async () => {
    const alone = [{ name: "far", sources: [{ name: "tunnel", weight: 1 }], for: [{}] }];
    const bench = await new DeliveryBench({ config: { sources, pools: alone } }).start();
    bench.network.refuse("192.0.2.9");
    const unit = await bench.accept();
    await bench.clock.advance(2_000);
    const { destinations } = await bench.summary("example.net");
    expect(destinations).toMatchObject([
      { state: "open", waits: [{ kind: "source", name: "tunnel" }] },
    ]);
    await bench.clock.advance(minute);
    // No host was asked, so none is blamed, and no attempt counts.
    expect(bench.events.filter(({ event }) => event === "attempt")).toEqual([]);
    expect(await bench.story(unit)).not.toContainEqual(expect.objectContaining({ attempt: 1 }));
  });
});

describe("after a reload", () => {
  const oneOf = (name: string, at: string): Pick<DeliveryConfig, "sources" | "pools"> => ({
    sources: [{ name, egress: { address: at } }],
    pools: [{ name: "all", sources: [{ name, weight: 1 }], for: [{}] }],
  });

  async function reloadable(first: Pick<DeliveryConfig, "sources" | "pools">) {
    const state = { egress: first };
    const config = {
      get sources() {
        return state.egress.sources;
      },
      get pools() {
        return state.egress.pools;
      },
    };
    const bench = await new DeliveryBench({ config }).start();
    const reload = (next: Pick<DeliveryConfig, "sources" | "pools">) => {
      state.egress = next;
      bench.worker.shapingChanged();
    };
    const from = () => bench.mx.greetings.map((greeting) => greeting.from);
    return { bench, reload, from };
  }

  test.each([
    ["a source has another address", oneOf("ip1", "192.0.2.102"), "192.0.2.102"],
    ["another source is in its place", oneOf("ip2", "192.0.2.102"), "192.0.2.102"],
    ["there are no sources any more", { sources: [], pools: [] }, "192.0.2.99"],
  ])("where %s, what is idle is closed, and new connections go from there", async (_, next, at) => {
    const { bench, reload, from } = await reloadable(oneOf("ip1", "192.0.2.101"));
    await bench.accept();
    await bench.clock.advance(1_000);
    expect([from(), bench.mx.sessions]).toEqual([["192.0.2.101"], 1]);
    reload(next);
    await bench.clock.advance(100);
    expect(bench.mx.sessions).toBe(0);
    await bench.accept();
    await bench.clock.advance(1_000);
    expect(from()).toEqual(["192.0.2.101", at]);
    expect(bench.mx.taken.length).toBe(2);
  });

  test("where nothing of them is another, what is idle is used again", async () => {
    const { bench, reload } = await reloadable(oneOf("ip1", "192.0.2.101"));
    await bench.accept();
    await bench.clock.advance(1_000);
    reload(oneOf("ip1", "192.0.2.101"));
    await bench.accept();
    await bench.clock.advance(1_000);
    expect([bench.mx.taken.length, bench.mx.sessionsEver]).toEqual([2, 1]);
  });

  test("mail of a machine without sources goes by the pool that is for it now", async () => {
    const { bench, reload, from } = await reloadable({ sources: [], pools: [] });
    bench.latencyMs = 200;
    await bench.acceptMany(100);
    await bench.clock.advance(2_000);
    reload(oneOf("ip1", "192.0.2.101"));
    // What was being opened goes on.
    await bench.clock.advance(2_000);
    const before = from().length;
    expect(bench.mx.taken.length).toBeLessThan(80);
    await bench.clock.advance(60_000);
    expect(bench.mx.taken.length).toBe(100);
    expect(new Set(from().slice(before))).toEqual(new Set(["192.0.2.101"]));
    expect(before).toBeGreaterThan(0);
  });

  test("a connection of a source that is gone finishes what it has begun, once", async () => {
    const { bench, reload, from } = await reloadable(oneOf("ip1", "192.0.2.101"));
    bench.latencyMs = 500;
    await bench.accept();
    // Connected, and not through.
    await bench.clock.advance(2_500);
    expect([from(), bench.mx.taken.length]).toEqual([["192.0.2.101"], 0]);
    reload(oneOf("ip2", "192.0.2.102"));
    await bench.clock.advance(30_000);
    expect([from(), bench.mx.taken.length, bench.mx.sessions]).toEqual([["192.0.2.101"], 1, 0]);
  });

  test("what waited for a source that is broken goes at once by one that is not", async () => {
    const broken: typeof sources = [
      {
        name: "tunnel",
        egress: { proxy: { kind: "socks5", at: { address: "192.0.2.9", port: 1080 } } },
      },
    ];
    const { pools: all } = oneOf("tunnel", "");
    const { bench, reload, from } = await reloadable({ sources: broken, pools: all });
    bench.network.refuse("192.0.2.9");
    await bench.accept();
    await bench.clock.advance(2_000);
    expect(bench.mx.taken.length).toBe(0);
    reload(oneOf("ip2", "192.0.2.102"));
    await bench.clock.advance(1_000);
    expect([from(), bench.mx.taken.length]).toEqual([["192.0.2.102"], 1]);
  });
});
