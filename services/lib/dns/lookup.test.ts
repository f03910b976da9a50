import { describe, expect, test } from "bun:test";
import { ResolverBench as Bench } from "../../../test/support/resolver-bench.ts";

const address = { kind: "records", records: ["192.0.2.1"] };

describe("Lookup keeps what was answered", () => {
  test("asks once while the answer holds, and says how long it still does", async () => {
    const bench = new Bench();
    bench.first.zone.set("example.com", "a", ["192.0.2.1"], 60_000);
    expect(await bench.ask()).toEqual({ ...address, ttlMs: 60_000 } as never);
    await bench.clock.advance(20_000);
    expect(await bench.ask("EXAMPLE.com.")).toEqual({ ...address, ttlMs: 40_000 } as never);
    expect(bench.first.seen).toHaveLength(1);
    await bench.clock.advance(40_000);
    await bench.ask();
    expect(bench.first.seen).toHaveLength(2);
  });

  test("a TTL of zero is not kept", async () => {
    const bench = new Bench();
    bench.first.zone.set("example.com", "a", ["192.0.2.1"], 0);
    for (let i = 0; i < 3; i++) expect(await bench.ask()).toMatchObject(address);
    expect(bench.first.seen).toHaveLength(3);
  });

  test("keeps no answer for more than a day", async () => {
    const bench = new Bench();
    bench.first.zone.set("example.com", "a", ["192.0.2.1"], 30 * 86_400_000);
    expect(await bench.ask()).toMatchObject({ ttlMs: 86_400_000 });
  });

  test.each([
    ["a missing name", "missing.example.com", "nxdomain"],
    ["a name without such records", "there.example.com", "none"],
  ])("%s is known for the minimum of the SOA", async (_, name, kind) => {
    const bench = new Bench();
    bench.first.zone.set("there.example.com", "txt", [["x"]]);
    for (let i = 0; i < 3; i++) expect(await bench.ask(name)).toMatchObject({ kind });
    expect(bench.first.seen).toHaveLength(1);
    await bench.clock.advance(60_000);
    await bench.ask(name);
    expect(bench.first.seen).toHaveLength(2);
  });

  test("without a SOA, absence is not remembered", async () => {
    const bench = new Bench();
    bench.first.misbehave("noSoa");
    for (let i = 0; i < 2; i++) expect(await bench.ask()).toEqual({ kind: "nxdomain" });
    expect(bench.first.seen).toHaveLength(2);
  });

  test("a failure is remembered for five seconds", async () => {
    const bench = new Bench();
    bench.first.misbehave("servfail");
    for (let i = 0; i < 3; i++) expect(await bench.ask()).toMatchObject({ kind: "failure" });
    expect(bench.first.seen).toHaveLength(1);
    bench.first.behave();
    bench.first.zone.set("example.com", "a", ["192.0.2.1"]);
    await bench.clock.advance(5_000);
    expect(await bench.ask()).toMatchObject(address);
  });

  test("stays within its bound", async () => {
    const bench = new Bench(["ns1"], { cacheBytesMax: 20_000 });
    for (let i = 0; i < 500; i++) await bench.ask(`missing${i}.example.com`);
    expect(bench.resolver.cachedBytes).toBeLessThanOrEqual(20_000);
    expect(bench.resolver.cachedBytes).toBeGreaterThan(10_000);
  });
});

describe("Lookup", () => {
  test("a thousand who ask the same ask once", async () => {
    const bench = new Bench(["ns1"], { latencyMs: 50 });
    bench.first.zone.set("example.com", "a", ["192.0.2.1"]);
    const asking = Array.from({ length: 1_000 }, () => bench.resolver.a("example.com"));
    const { result, tookMs } = await bench.wait(Promise.all(asking));
    expect(new Set(result.map((answer) => answer.kind))).toEqual(new Set(["records"]));
    expect(tookMs).toBe(50);
    expect(bench.first.seen).toHaveLength(1);
  });
});
