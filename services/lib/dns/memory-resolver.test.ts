import { describe, expect, test } from "bun:test";
import { VirtualClock } from "#lib/virtual-clock";
import { MemoryResolver } from "./memory-resolver.ts";

describe("MemoryResolver", () => {
  const address = { kind: "records", records: ["192.0.2.1"] };

  test("fails for a name, or for all, until it recovers", async () => {
    const resolver = new MemoryResolver()
      .set("a.example", "a", ["192.0.2.1"])
      .set("b.example", "a", ["192.0.2.1"]);
    resolver.fail("SERVFAIL", "A.example");
    expect(await resolver.a("a.example")).toEqual({ kind: "failure", reason: "SERVFAIL" });
    expect(await resolver.a("b.example")).toMatchObject(address);
    resolver.fail("timeout");
    expect(await resolver.a("b.example")).toEqual({ kind: "failure", reason: "timeout" });
    resolver.recover();
    expect(await resolver.a("a.example")).toMatchObject(address);
  });

  test("fails for a name that an alias leads to", async () => {
    const resolver = new MemoryResolver().set("www.example", "cname", ["a.example"]);
    resolver.fail("SERVFAIL", "a.example");
    expect(await resolver.a("www.example")).toEqual({ kind: "failure", reason: "SERVFAIL" });
  });

  test("answers when its time has come, with what is known then", async () => {
    const clock = new VirtualClock();
    const resolver = new MemoryResolver({ clock, latencyMs: (_, type) => (type === "a" ? 30 : 0) });
    const asking = resolver.a("a.example");
    resolver.set("a.example", "a", ["192.0.2.1"]);
    await clock.advance(30);
    expect(await asking).toMatchObject(address);
    expect(resolver.queryCount).toBe(1);
  });
});
