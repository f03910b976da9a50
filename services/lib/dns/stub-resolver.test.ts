import { describe, expect, test } from "bun:test";
import { ResolverBench as Bench } from "../../../test/support/resolver-bench.ts";

const address = { kind: "records", records: ["192.0.2.1"] };

describe("StubResolver and what comes back", () => {
  test("takes a truncated answer from TCP", async () => {
    for (const fault of ["truncate", "cut"] as const) {
      const bench = new Bench();
      bench.first.misbehave(fault).zone.set("example.com", "a", ["192.0.2.1"]);
      expect(await bench.ask()).toMatchObject(address);
      expect(bench.first.seen.map(({ protocol }) => protocol)).toEqual(["udp", "tcp"]);
    }
  });

  test("half an answer is none: without TCP it is a failure", async () => {
    const bench = new Bench();
    bench.first.misbehave("truncateOnly").zone.set("example.com", "a", ["192.0.2.1"]);
    expect(await bench.ask()).toMatchObject({ kind: "failure" });
  });

  test("an answer in other case must be said again over TCP", async () => {
    const bench = new Bench();
    bench.first.misbehave("lowerCase").zone.set("example.com", "a", ["192.0.2.1"]);
    expect(await bench.ask()).toMatchObject(address);
    expect(bench.first.seen.map(({ protocol }) => protocol)).toEqual(["udp", "tcp"]);
  });

  test("asks again without EDNS where it is not understood", async () => {
    const bench = new Bench();
    bench.first.misbehave("noEdns").zone.set("example.com", "a", ["192.0.2.1"]);
    expect(await bench.ask()).toMatchObject(address);
    expect(bench.first.seen.map(({ withEdns }) => withEdns)).toEqual([true, false]);
  });

  test("forged answers are neither taken nor do they end the waiting", async () => {
    const bench = new Bench();
    bench.first.misbehave("spoofedOnly").zone.set("example.com", "a", ["192.0.2.1"]);
    expect(await bench.ask()).toEqual({ kind: "failure", reason: "A example.com: timeout" });
    await bench.clock.advance(5_000);
    bench.first.misbehave("spoofed");
    expect(await bench.ask()).toMatchObject(address);
  });

  test("of as many mail exchangers as fit into a response 256 are kept, the best", async () => {
    const count = 3_000;
    const bench = new Bench();
    const records = Array.from({ length: count }, (_, n) => ({
      ...{ preference: count - n, exchange: `mx${n}.example.com` },
    }));
    bench.first.misbehave("truncate").zone.set("example.com", "mx", records);
    const { result } = await bench.wait(bench.resolver.mx("example.com"));
    const best = records.toReversed().slice(0, 256);
    expect(result).toMatchObject({ kind: "records", records: best });
    expect(bench.resolver.cachedBytes).toBeLessThan(32 * 1024);
  });

  test("malformed responses are a failure, and asked for no more often than others", async () => {
    const bench = new Bench(["ns1", "ns2"]);
    bench.first.misbehave("malformed");
    bench.at("ns2").misbehave("malformed");
    for (let n = 0; n < 3; n++) {
      expect(await bench.ask()).toEqual({
        kind: "failure",
        reason: "A example.com: malformed response",
      });
    }
    expect([...bench.first.seen, ...bench.at("ns2").seen]).toHaveLength(2);
  });

  test("a chain of CNAMEs without end costs ten questions, even if each comes alone", async () => {
    const bench = new Bench();
    bench.first.misbehave("stepwise");
    for (let n = 0; n < 100; n++) {
      bench.first.zone.set(`c${n}.example.com`, "cname", [`c${n + 1}.example.com`]);
    }
    for (let n = 0; n < 3; n++) {
      expect(await bench.ask("c0.example.com")).toMatchObject({ kind: "failure" });
    }
    expect(bench.first.seen.length).toBeLessThanOrEqual(10);
  });

  test("a circle of CNAMEs is a failure, after a question or two", async () => {
    const bench = new Bench();
    bench.first.zone.set("a.example.com", "cname", ["b.example.com"]);
    bench.first.zone.set("b.example.com", "cname", ["a.example.com"]);
    expect(await bench.ask("a.example.com")).toEqual({
      kind: "failure",
      reason: "a.example.com has too many CNAMEs",
    });
    expect(bench.first.seen).toHaveLength(1);
  });

  test("a referral is not taken for an absence", async () => {
    const bench = new Bench();
    bench.first.misbehave("referral");
    expect(await bench.ask()).toMatchObject({ kind: "failure" });
  });
});
