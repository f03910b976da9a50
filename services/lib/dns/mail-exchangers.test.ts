import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { addresses, findMailExchangers } from "./mail-exchangers.ts";
import { MemoryResolver } from "./memory-resolver.ts";

const ownNames = ["mta1.example.org"];

function mx(preference: number, exchange: string) {
  return { preference, exchange };
}

function find(resolver: MemoryResolver, seed = 1, domain = "example.com") {
  return findMailExchangers(domain, { resolver, random: seededRandom(seed), ownNames });
}

async function hostsOf(resolver: MemoryResolver, seed = 1): Promise<string[]> {
  const answer = await find(resolver, seed);
  return answer.kind === "hosts" ? answer.hosts.map(({ host }) => host) : [answer.kind];
}

describe("findMailExchangers()", () => {
  test("orders by preference", async () => {
    const records = [mx(30, "c.example"), mx(10, "a.example"), mx(20, "b.example")];
    const resolver = new MemoryResolver().set("example.com", "mx", records, 7_000);
    expect(await find(resolver)).toEqual({
      kind: "hosts",
      hosts: [
        { host: "a.example", preference: 10 },
        { host: "b.example", preference: 20 },
        { host: "c.example", preference: 30 },
      ],
      isImplicit: false,
      ttlMs: 7_000,
    });
  });

  test("shuffles equals, each of which comes first about as often", async () => {
    const records = [mx(10, "a.example"), mx(10, "b.example"), mx(5, "best.example")];
    const resolver = new MemoryResolver().set("example.com", "mx", records);
    const second: Record<string, number> = {};
    for (let seed = 0; seed < 200; seed++) {
      const [first, next = ""] = await hostsOf(resolver, seed);
      expect(first).toBe("best.example");
      second[next] = (second[next] ?? 0) + 1;
    }
    expect(second["a.example"]).toBeGreaterThan(70);
    expect(second["b.example"]).toBeGreaterThan(70);
  });

  test("takes a host once, at its best preference", async () => {
    const records = [mx(20, "a.example"), mx(10, "a.example"), mx(15, "b.example")];
    const resolver = new MemoryResolver().set("example.com", "mx", records);
    expect(await hostsOf(resolver)).toEqual(["a.example", "b.example"]);
  });

  test("takes twenty at most", async () => {
    const records = Array.from({ length: 50 }, (_, i) => mx(i, `mx${i}.example`));
    const resolver = new MemoryResolver().set("example.com", "mx", records);
    expect(await hostsOf(resolver)).toHaveLength(20);
  });

  const tables = [
    ["a null MX", [mx(0, "")], ["nullMx"]],
    ["a null MX of another preference", [mx(10, "")], ["nullMx"]],
    ["a null MX beside a real one", [mx(0, ""), mx(10, "a.example")], ["a.example"]],
    ["an IPv4 address for a host", [mx(10, "192.0.2.1")], ["noRoute"]],
    ["an IPv6 address for a host", [mx(10, "2001:db8::1")], ["noRoute"]],
    ["rubbish beside a host", [mx(5, "a?b.example"), mx(10, "a.example")], ["a.example"]],
    ["this host as the only one", [mx(10, "mta1.example.org")], ["loop"]],
    ["this host in other case", [mx(10, "MTA1.Example.ORG")], ["loop"]],
    ["this host as the best", [mx(5, "mta1.example.org"), mx(10, "a.example")], ["loop"]],
    ["this host among the best", [mx(5, "mta1.example.org"), mx(5, "a.example")], ["loop"]],
    [
      "this host in the middle",
      [mx(5, "a.example"), mx(10, "mta1.example.org"), mx(10, "b.example"), mx(20, "c.example")],
      ["a.example"],
    ],
  ] as const;
  test.each(tables.map((row) => [...row]))("with %s", async (_, records, expected) => {
    const resolver = new MemoryResolver().set("example.com", "mx", records);
    expect(await hostsOf(resolver)).toEqual([...expected]);
  });

  test("a domain with an address only is its own mail exchanger", async () => {
    const resolver = new MemoryResolver().set("example.com", "a", ["192.0.2.1"], 9_000);
    const hosts = [{ host: "example.com", preference: 0 }];
    expect(await find(resolver)).toEqual({ kind: "hosts", hosts, isImplicit: true, ttlMs: 9_000 });
  });

  test("IPv6 alone is an address, too", async () => {
    const resolver = new MemoryResolver().set("example.com", "aaaa", ["2001:db8::1"]);
    expect(await hostsOf(resolver)).toEqual(["example.com"]);
  });

  test("a domain of our own name without MX is a loop", async () => {
    const resolver = new MemoryResolver().set("mta1.example.org", "a", ["192.0.2.1"]);
    expect(await find(resolver, 1, "mta1.example.org")).toEqual({ kind: "loop" });
  });

  test("a domain with neither MX nor address has no route", async () => {
    const resolver = new MemoryResolver().set("example.com", "txt", [["v=spf1 -all"]]);
    expect(await hostsOf(resolver)).toEqual(["noRoute"]);
  });

  test("a domain that does not exist is told apart", async () => {
    expect(await hostsOf(new MemoryResolver())).toEqual(["nxdomain"]);
  });

  test("follows a CNAME to the MX of its target", async () => {
    const resolver = new MemoryResolver()
      .set("example.com", "cname", ["example.net"])
      .set("example.net", "mx", [mx(10, "a.example")]);
    expect(await hostsOf(resolver)).toEqual(["a.example"]);
  });

  test("while DNS is away nothing is known", async () => {
    const resolver = new MemoryResolver().set("example.com", "mx", [mx(10, "a.example")]);
    resolver.fail("timeout");
    expect(await find(resolver)).toEqual({ kind: "failure", reason: "timeout" });
  });

  test("one family that is unknown leaves the route unknown", async () => {
    const resolver = new MemoryResolver().set("example.com", "txt", []);
    resolver.a = async () => ({ kind: "failure", reason: "SERVFAIL" });
    expect(await hostsOf(resolver)).toEqual(["failure"]);
  });

  test("localhost takes no mail unless a route says so", async () => {
    expect(await find(new MemoryResolver(), 1, "localhost")).toEqual({ kind: "nxdomain" });
  });
});

describe("addresses()", () => {
  const lookUp = (host: string, resolver = new MemoryResolver(), useIpv6 = true) =>
    addresses(host, { resolver, random: seededRandom(3), useIpv6 });
  const known = async (host: string, resolver?: MemoryResolver, useIpv6?: boolean) => {
    const answer = await lookUp(host, resolver, useIpv6);
    return answer.kind === "addresses" ? answer.addresses : answer.kind;
  };

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["[192.0.2.1]", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[IPv6:2001:db8::1]", "2001:db8::1"],
    ["[ipv6:2001:db8::1]", "2001:db8::1"],
  ])("takes %p without asking", async (host, address) => {
    const resolver = new MemoryResolver();
    expect(await known(host, resolver)).toEqual([address]);
    expect(resolver.queryCount).toBe(0);
  });

  const both = new MemoryResolver()
    .set("mx.example", "a", ["192.0.2.1", "192.0.2.2"], 5_000)
    .set("mx.example", "aaaa", ["2001:db8::1", "2001:db8::2", "2001:db8::3"], 8_000);

  test("families take turns, IPv6 first, for as long as both are valid", async () => {
    const answer = await lookUp("mx.example", both);
    if (answer.kind !== "addresses") throw new Error(answer.kind);
    const families = answer.addresses.map((it) => (it.includes(":") ? 6 : 4));
    expect(families).toEqual([6, 4, 6, 4, 6]);
    expect(new Set(answer.addresses).size).toBe(5);
    expect(answer.ttlMs).toBe(5_000);
  });

  test("asks for no IPv6 where there is none", async () => {
    expect([...(await known("mx.example", both, false))].sort()).toEqual([
      "192.0.2.1",
      "192.0.2.2",
    ]);
  });

  test("a host of a thousand addresses is tried at eight", async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
    const resolver = new MemoryResolver().set("mx.example", "a", many);
    expect(await known("mx.example", resolver)).toHaveLength(8);
  });

  test("one family is enough when the other fails", async () => {
    const resolver = new MemoryResolver().set("mx.example", "a", ["192.0.2.1"]);
    resolver.aaaa = async () => ({ kind: "failure", reason: "SERVFAIL" });
    expect(await known("mx.example", resolver)).toEqual(["192.0.2.1"]);
  });

  test("a host without addresses, a missing host and a failure are three things", async () => {
    const resolver = new MemoryResolver().set("mx.example", "txt", []);
    expect(await known("mx.example", resolver)).toBe("none");
    expect(await known("none.example", resolver)).toBe("nxdomain");
    resolver.fail("SERVFAIL", "mx.example");
    expect(await known("mx.example", resolver)).toBe("failure");
  });
});
