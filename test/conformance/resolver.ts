/** What every inhabitant of Resolver must do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Resolver } from "#lib/dns/resolver";
import type { Zone } from "#lib/dns/zone";

export interface ResolverWorld {
  readonly resolver: Resolver;
  /** What the name servers know. */
  readonly zone: Zone;
  /** Queries for the name fail. */
  readonly fail: (name: string) => void;
  readonly close: () => Promise<void>;
}

type Query = keyof Resolver;

const queries: readonly Query[] = ["mx", "a", "aaaa", "txt"];

export function resolverSuite(name: string, open: () => Promise<ResolverWorld>): void {
  describe(`${name}: Resolver`, () => {
    let world: ResolverWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    records(() => world);
    absence(() => world);
    aliases(() => world);
    names(() => world);
  });
}

function records(world: () => ResolverWorld): void {
  test("mx() gives preferences and lower-case names", async () => {
    const published = [
      { preference: 20, exchange: "MX2.Example.NET" },
      { preference: 10, exchange: "mx1.example.net" },
    ];
    world().zone.set("example.com", "mx", published, 60_000);
    const answer = await world().resolver.mx("example.com");
    if (answer.kind !== "records") throw new Error(answer.kind);
    expect([...answer.records].sort((a, b) => a.preference - b.preference)).toEqual([
      { preference: 10, exchange: "mx1.example.net" },
      { preference: 20, exchange: "mx2.example.net" },
    ]);
    expect(answer.ttlMs).toBe(60_000);
  });

  test("the exchange of a null MX is empty", async () => {
    world().zone.set("example.com", "mx", [{ preference: 0, exchange: "" }]);
    const answer = await world().resolver.mx("example.com");
    expect(answer).toMatchObject({ records: [{ preference: 0, exchange: "" }] });
  });

  test("a() and aaaa() give the addresses of their family", async () => {
    world().zone.set("mx.example.net", "a", ["192.0.2.1", "192.0.2.2"]);
    world().zone.set("mx.example.net", "aaaa", ["2001:db8::1", "2001:db8:0:1:1:1:1:1"]);
    const { resolver } = world();
    expect(await resolver.a("mx.example.net")).toMatchObject({
      records: ["192.0.2.1", "192.0.2.2"],
    });
    expect(await resolver.aaaa("mx.example.net")).toMatchObject({
      records: ["2001:db8::1", "2001:db8:0:1:1:1:1:1"],
    });
  });

  test("txt() joins the strings of one record, and keeps records apart", async () => {
    world().zone.set("example.com", "txt", [
      ["v=spf1 include:", "a.example -all"],
      ["x", "y"],
    ]);
    expect(await world().resolver.txt("example.com")).toMatchObject({
      kind: "records",
      records: ["v=spf1 include:a.example -all", "xy"],
    });
  });

  test("a TXT record of many strings, as a long DKIM key is", async () => {
    const strings = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(250));
    world().zone.set("k._domainkey.example.com", "txt", [strings]);
    const answer = await world().resolver.txt("k._domainkey.example.com");
    expect(answer).toMatchObject({ records: [strings.join("")] });
  });
}

function absence(world: () => ResolverWorld): void {
  test.each([...queries])(
    "%s() tells no such record, no such name and failure apart",
    async (query) => {
      const { resolver, zone, fail } = world();
      zone.set("there.example.com", "cname", []);
      fail("failing.example.com");
      expect(await resolver[query]("there.example.com")).toEqual({ kind: "none" });
      expect(await resolver[query]("missing.example.com")).toEqual({ kind: "nxdomain" });
      const failure = await resolver[query]("failing.example.com");
      if (failure.kind !== "failure") throw new Error(failure.kind);
      expect(failure.reason).not.toBe("");
    },
  );

  test("a name with other records only has none of these", async () => {
    world().zone.set("example.com", "a", ["192.0.2.1"]);
    const { resolver } = world();
    expect(await resolver.mx("example.com")).toEqual({ kind: "none" });
    expect(await resolver.aaaa("example.com")).toEqual({ kind: "none" });
    expect(await resolver.txt("example.com")).toEqual({ kind: "none" });
  });
}

function aliases(world: () => ResolverWorld): void {
  test("a CNAME leads to the records of its target, for the shorter of the times", async () => {
    world()
      .zone.set("www.example.com", "cname", ["Web.Example.net."], 20_000)
      .set("web.example.net", "a", ["192.0.2.9"], 90_000);
    expect(await world().resolver.a("www.example.com")).toEqual({
      kind: "records",
      records: ["192.0.2.9"],
      ttlMs: 20_000,
    });
  });

  test("eight CNAMEs are followed, a circle and a longer chain are a failure", async () => {
    const { resolver, zone } = world();
    chain(zone, "short", 8).set("short8.example", "a", ["192.0.2.8"]);
    chain(zone, "long", 9).set("long9.example", "a", ["192.0.2.9"]);
    zone.set("a.example", "cname", ["b.example"]).set("b.example", "cname", ["a.example"]);
    expect(await resolver.a("short0.example")).toMatchObject({ records: ["192.0.2.8"] });
    expect(await resolver.a("long0.example")).toMatchObject({ kind: "failure" });
    expect(await resolver.a("a.example")).toMatchObject({ kind: "failure" });
  });

  test("where a CNAME leads nowhere is said of its target", async () => {
    const { resolver, zone } = world();
    zone.set("dangling.example", "cname", ["missing.example"]);
    zone.set("empty.example", "cname", ["there.example"]).set("there.example", "txt", [["x"]]);
    expect(await resolver.a("dangling.example")).toEqual({ kind: "nxdomain" });
    expect(await resolver.a("empty.example")).toEqual({ kind: "none" });
  });
}

function chain(zone: Zone, prefix: string, length: number): Zone {
  for (let i = 0; i < length; i++) {
    zone.set(`${prefix}${i}.example`, "cname", [`${prefix}${i + 1}.example`]);
  }
  return zone;
}

function names(world: () => ResolverWorld): void {
  test.each(["MX.Example.COM", "mx.example.com.", "mX.eXample.com."])(
    "%p is the same name",
    async (name) => {
      world().zone.set("mx.example.com", "a", ["192.0.2.1"]);
      expect(await world().resolver.a(name)).toMatchObject({ records: ["192.0.2.1"] });
    },
  );

  test.each(["", ".", "a..b", "a b.example", "bücher.example", `${"a".repeat(64)}.example`])(
    "%p can never be there, so it does not exist",
    async (name) => {
      for (const query of queries) {
        expect(await world().resolver[query](name)).toEqual({ kind: "nxdomain" });
      }
    },
  );

  test("localhost is this host, and nothing else; .invalid and .onion are nothing", async () => {
    const { resolver } = world();
    expect(await resolver.a("localhost")).toMatchObject({ records: ["127.0.0.1"] });
    expect(await resolver.aaaa("a.localhost")).toMatchObject({ records: ["::1"] });
    expect(await resolver.mx("localhost")).toEqual({ kind: "nxdomain" });
    expect(await resolver.a("mx.invalid")).toEqual({ kind: "nxdomain" });
    expect(await resolver.mx("abc.onion")).toEqual({ kind: "nxdomain" });
  });
}
