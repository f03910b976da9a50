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

  test("a referral is not taken for an absence", async () => {
    const bench = new Bench();
    bench.first.misbehave("referral");
    expect(await bench.ask()).toMatchObject({ kind: "failure" });
  });
});
