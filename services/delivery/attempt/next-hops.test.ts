import { describe, expect, test } from "bun:test";
import { MemoryResolver } from "#lib/dns/memory-resolver";
import { seededRandom } from "#lib/random";
import { config } from "../../../test/support/delivery/delivery-bench.ts";
import { destination } from "../../../test/support/records.ts";
import type { DeliveryConfig } from "../config.ts";
import { NextHops } from "./next-hops.ts";
import type { Route } from "./routes.ts";

const routed = (nextHop: Route["nextHop"]): readonly Route[] => [{ domain: "*", nextHop }];

/** `host address:port` for each, and the end: its kind, status and words. */
async function candidatesOf(
  name: string,
  set: (resolver: MemoryResolver) => void = () => {},
  more: Partial<Pick<DeliveryConfig, "routes" | "useIpv6" | "ownAddresses">> = {},
): Promise<readonly string[]> {
  const resolver = new MemoryResolver();
  set(resolver);
  const hops = new NextHops({
    config: { ...config, ...more },
    resolver,
    random: seededRandom(1),
  });
  const found: string[] = [];
  for await (const candidate of hops.candidates(destination(name))) {
    if (candidate.kind === "host") {
      const { name: host, address, port, protocol, isRouted } = candidate.host;
      found.push(`${protocol} ${host} ${address}:${port}${isRouted ? " routed" : ""}`);
    } else if (candidate.outcome.kind !== "delivered") {
      found.push(`${candidate.outcome.kind} ${candidate.outcome.status}`);
    }
  }
  return found;
}

const mx = (resolver: MemoryResolver, ...exchanges: readonly [number, string][]) =>
  resolver.set(
    "example.net",
    "mx",
    exchanges.map(([preference, exchange]) => ({ preference, exchange })),
  );

describe("NextHops", () => {
  test("mail exchangers in the order of preference, with all their addresses", async () => {
    const found = await candidatesOf("example.net", (r) => {
      mx(r, [20, "b.example"], [10, "a.example"]);
      r.set("a.example", "a", ["192.0.2.1"]).set("b.example", "a", ["192.0.2.2"]);
    });
    expect(found).toEqual(["smtp a.example 192.0.2.1:25", "smtp b.example 192.0.2.2:25"]);
  });

  test.each<[string, (r: MemoryResolver) => void, readonly string[]]>([
    [
      "no MX: the domain itself",
      (r) => r.set("example.net", "a", ["192.0.2.1"]),
      ["smtp example.net 192.0.2.1:25"],
    ],
    ["no such domain", () => {}, ["permanent 5.1.2"]],
    ["null MX", (r) => mx(r, [0, ""]), ["permanent 5.1.10"]],
    ["we are the best", (r) => mx(r, [10, "out.example"], [20, "a.example"]), ["permanent 5.4.6"]],
    ["DNS is away", (r) => r.fail("timeout"), ["transient 4.4.3"]],
    ["a host without address is passing", (r) => mx(r, [10, "gone.example"]), ["transient 4.4.4"]],
    [
      "one host without address, another with",
      (r) => mx(r, [10, "gone.example"], [20, "a.example"]).set("a.example", "a", ["192.0.2.1"]),
      ["smtp a.example 192.0.2.1:25", "transient 4.4.4"],
    ],
    [
      "only those better than we are",
      (r) =>
        mx(r, [10, "a.example"], [20, "out.example"], [30, "b.example"]).set("a.example", "a", [
          "192.0.2.1",
        ]),
      ["smtp a.example 192.0.2.1:25"],
    ],
  ])("%s", async (_, set, expected) => {
    expect(await candidatesOf("example.net", set)).toEqual([...expected]);
  });

  const one = (r: MemoryResolver, address: string) =>
    mx(r, [10, "a.example"]).set("a.example", address.includes(":") ? "aaaa" : "a", [address]);
  const good = "smtp b.example 192.0.2.2:25";

  test.each(["127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"])(
    "a mail exchanger at %s would be this machine: for good, and no connection is made",
    async (address) => {
      const found = await candidatesOf("example.net", (r) => one(r, address), { useIpv6: true });
      expect(found).toEqual(["permanent 5.4.6"]);
    },
  );

  test.each<[string, (r: MemoryResolver) => void, readonly string[]]>([
    [
      "is skipped, and the next one tried",
      (r) =>
        mx(r, [0, "a.example"], [10, "b.example"])
          .set("a.example", "a", ["127.0.0.1"])
          .set("b.example", "a", ["192.0.2.2"]),
      [good],
    ],
    [
      "is skipped beside another address of the host",
      (r) => mx(r, [0, "b.example"]).set("b.example", "a", ["127.0.0.1", "192.0.2.2"]),
      [good],
    ],
    [
      "is no reason to give up while another host may get an address",
      (r) => mx(r, [0, "a.example"], [10, "gone.example"]).set("a.example", "a", ["127.0.0.1"]),
      ["transient 4.4.4"],
    ],
    [
      "of the domain itself, without an MX",
      (r) => r.set("example.net", "a", ["127.0.0.1"]),
      ["permanent 5.4.6"],
    ],
    ["by the name localhost", (r) => mx(r, [0, "localhost"]), ["permanent 5.4.6"]],
  ])("a loopback address %s", async (_, set, expected) => {
    expect(await candidatesOf("example.net", set)).toEqual([...expected]);
  });

  test.each<[string, readonly [number, string][], readonly string[]]>([
    ["alone", [[10, "own.example"]], ["permanent 5.4.6"]],
    [
      "as the best",
      [
        [10, "own.example"],
        [20, "b.example"],
      ],
      ["permanent 5.4.6"],
    ],
    [
      "among equals",
      [
        [10, "b.example"],
        [10, "own.example"],
      ],
      ["permanent 5.4.6"],
    ],
    [
      "behind a better one",
      [
        [10, "b.example"],
        [20, "own.example"],
        [30, "a.example"],
      ],
      [good],
    ],
    [
      "behind one without address",
      [
        [10, "gone.example"],
        [20, "own.example"],
      ],
      ["transient 4.4.4"],
    ],
  ])("our own address in the list, %s (RFC 5321 §5.1)", async (_, exchanges, expected) => {
    const found = await candidatesOf(
      "example.net",
      (r) => {
        mx(r, ...exchanges).set("own.example", "a", ["198.51.100.1", "203.0.113.5"]);
        r.set("a.example", "a", ["192.0.2.1"]).set("b.example", "a", ["192.0.2.2"]);
      },
      { ownAddresses: ["203.0.113.5"] },
    );
    expect(found).toEqual([...expected]);
  });

  test.each(["[127.0.0.1]", "[ipv6:::1]", "[ipv6:::ffff:127.0.0.1]", "[203.0.113.5]"])(
    "the address literal %s is this machine",
    async (literal) => {
      const more = { ownAddresses: ["203.0.113.5"] };
      expect(await candidatesOf(literal, undefined, more)).toEqual(["permanent 5.4.6"]);
    },
  );

  test("an operator's route may lead to this machine", async () => {
    const routes = routed({ protocol: "smtp", host: "localhost", port: 2525 });
    const more = { routes, ownAddresses: ["127.0.0.1"] };
    expect(await candidatesOf("example.net", undefined, more)).toEqual([
      "smtp localhost 127.0.0.1:2525 routed",
    ]);
  });

  test("of ten thousand mail exchangers twenty are looked up, the best", async () => {
    const resolver = new MemoryResolver();
    const name = (n: number) => `mx${n}.example`;
    const all = Array.from({ length: 10_000 }, (_, n): [number, string] => [10_000 - n, name(n)]);
    mx(resolver, ...all);
    for (let n = 0; n < 10_000; n++) resolver.set(name(n), "a", ["192.0.2.1"]);
    const hops = new NextHops({ config, resolver, random: seededRandom(1) });
    const found = await Array.fromAsync(hops.candidates(destination("example.net")));
    expect(found.map((it) => it.kind === "host" && it.host.name)).toEqual(
      Array.from({ length: 20 }, (_, n) => name(9_999 - n)),
    );
    expect(resolver.queryCount).toBe(21);
  });

  test.each([
    ["[192.0.2.7]", "smtp 192.0.2.7 192.0.2.7:25"],
    ["[ipv6:2001:db8::1]", "smtp 2001:db8::1 2001:db8::1:25"],
  ])("the address literal %s", async (literal, expected) => {
    expect(await candidatesOf(literal, undefined, { useIpv6: true })).toEqual([expected]);
  });

  test("a route goes to its host by address, whatever the MX is", async () => {
    const routes = routed({ protocol: "lmtp", host: "store.example", port: 24 });
    const found = await candidatesOf(
      "example.net",
      (r) => mx(r, [10, "a.example"]).set("store.example", "a", ["192.0.2.9"]),
      { routes },
    );
    expect(found).toEqual(["lmtp store.example 192.0.2.9:24 routed"]);
  });

  test("a route whose name does not resolve is no reason to give up", async () => {
    const routes = routed({ protocol: "smtp", host: "typo.example", port: 25 });
    expect(await candidatesOf("example.net", undefined, { routes })).toEqual(["transient 4.4.4"]);
  });

  test.each([
    ["lmtp", true],
    ["smtp", false],
  ] as const)("a route over %s ends in a mailbox store: %p", (protocol, isFinal) => {
    const routes = routed({ protocol, host: "192.0.2.1", port: 24 });
    const ports = { resolver: new MemoryResolver(), random: seededRandom(1) };
    const hops = new NextHops({ ...ports, config: { ...config, routes } });
    expect(hops.isFinal(destination("example.net"))).toBe(isFinal);
  });
});
