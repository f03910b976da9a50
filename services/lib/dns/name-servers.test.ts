import { describe, expect, test } from "bun:test";
import { ResolverBench as Bench } from "../../../test/support/resolver-bench.ts";

const address = { kind: "records", records: ["192.0.2.1"] };

describe("NameServers under load", () => {
  test("asks no more at once than its bound, in the order of asking", async () => {
    const bench = new Bench(["ns1"], { latencyMs: 100, inFlightMax: 4 });
    const names = Array.from({ length: 20 }, (_, i) => `host${i}.example.com`);
    const { tookMs } = await bench.wait(Promise.all(names.map((name) => bench.resolver.a(name))));
    expect(tookMs).toBe(500);
    expect(bench.first.seen.map(({ name }) => name)).toEqual(names);
  });

  test("a full line fails at once", async () => {
    const bench = new Bench(["ns1"], { latencyMs: 100, inFlightMax: 1, waitingMax: 2 });
    const names = ["a.example", "b.example", "c.example", "d.example"];
    const { result } = await bench.wait(Promise.all(names.map((name) => bench.resolver.a(name))));
    expect(result.map(({ kind }) => kind)).toEqual(["nxdomain", "nxdomain", "nxdomain", "failure"]);
  });

  test("while nobody answers, the line behind does not wait its turn for ever", async () => {
    const bench = new Bench(["ns1"], { inFlightMax: 2 });
    bench.first.misbehave("drop");
    const names = Array.from({ length: 200 }, (_, i) => `host${i}.example.com`);
    const { result, tookMs } = await bench.wait(
      Promise.all(names.map((name) => bench.resolver.a(name))),
    );
    expect(new Set(result.map(({ kind }) => kind))).toEqual(new Set(["failure"]));
    expect(tookMs).toBeLessThanOrEqual(20_000);
  });
});

describe("NameServers", () => {
  const faults = ["drop", "servfail", "refused", "formerr", "malformed", "referral"] as const;
  test.each([...faults])("goes on to the next when the first does %s", async (fault) => {
    const bench = new Bench(["ns1", "ns2"]);
    bench.first.misbehave(fault);
    bench.at("ns2").zone.set("example.com", "a", ["192.0.2.1"]);
    expect(await bench.ask()).toMatchObject(address);
  });

  test("goes on when nobody listens at the first", async () => {
    const bench = new Bench(["ns1", "ns2"]);
    bench.servers.delete("ns1");
    bench.at("ns2").zone.set("example.com", "a", ["192.0.2.1"]);
    const { result, tookMs } = await bench.wait(bench.resolver.a("example.com"));
    expect(result).toMatchObject(address);
    expect(tookMs).toBe(0);
  });

  test("waits for a silent one once, then asks the other first for half a minute", async () => {
    const bench = new Bench(["ns1", "ns2"]);
    bench.first.misbehave("drop");
    const took: number[] = [];
    for (let i = 0; i < 3; i++) {
      took.push((await bench.wait(bench.resolver.a(`host${i}.example`))).tookMs);
    }
    expect(took).toEqual([5_000, 0, 0]);
    await bench.clock.advance(30_000);
    bench.first.behave();
    await bench.ask("later.example");
    expect(bench.first.seen).toHaveLength(2);
  });

  test("gives up after the rounds it was told", async () => {
    const bench = new Bench(["ns1", "ns2"], { timeoutMs: 2_000, attempts: 3 });
    for (const server of bench.servers.values()) server.misbehave("drop");
    const { result, tookMs } = await bench.wait(bench.resolver.a("example.com"));
    expect(result).toEqual({ kind: "failure", reason: "A example.com: timeout" });
    expect(tookMs).toBe(12_000);
  });

  test("asks a server that cannot answer once, not in each round", async () => {
    const bench = new Bench(["ns1", "ns2"], { attempts: 5 });
    for (const server of bench.servers.values()) server.misbehave("refused");
    expect(await bench.ask()).toEqual({ kind: "failure", reason: "A example.com: REFUSED" });
    expect([...bench.servers.values()].map(({ seen }) => seen.length)).toEqual([1, 1]);
  });

  test("rotates when it is told to", async () => {
    const bench = new Bench(["ns1", "ns2", "ns3"], { isRotating: true });
    for (let i = 0; i < 60; i++) await bench.ask(`host${i}.example`);
    for (const { seen } of bench.servers.values()) expect(seen.length).toBeGreaterThan(8);
  });
});
